// An in-memory server that speaks MongoDB's protocol, for tests: `java -cp 'lib/*' Server.java PORT`. Stops when standard input closes.
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

public class Server {
    /** The driver refuses the wire version that the server announces by itself. */
    private static final MongoVersion RECENT = new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(6, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 17;
        }
    };

    public static void main(String[] arguments) throws Exception {
        MemoryBackend backend = new MemoryBackend();
        backend.version(RECENT);
        MongoServer server = new MongoServer(backend);
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        while (System.in.read() >= 0) {}
        server.shutdownNow();
        System.exit(0);
    }
}
