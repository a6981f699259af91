/** A function that remembers: each question is put once, and what was answered is answered again. A question that failed by throwing is put anew. */
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
