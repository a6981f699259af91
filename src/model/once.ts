/** A function with a memory: it computes each answer once and returns the remembered answer afterwards. A call that threw is computed again. */
export function once<Question, Answer>(ask: (question: Question) => Answer): (question: Question) => Answer {
  const answers = new Map<Question, Answer>()
  return (question) => {
    const known = answers.get(question)
    if (known !== undefined || answers.has(question)) return known as Answer
    const answer = ask(question)
    answers.set(question, answer)
    return answer
  }
}
