import io.nats.client.*;
import io.nats.client.api.*;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.HashSet;
import java.util.Set;

/**
 * Follows Quill's letters, each event exactly once into a file, whatever breaks. Usage: Follow NAME [START]
 *
 * NAME is the durable's name (partner-something); the file is NAME.tsv. START is a sequence number or a time such as
 * 2026-05-14T09:30:00Z, for a new durable. The file is the effect and the memory in one: a line that is there was handled.
 */
public class Follow {
    private final Set<String> handled = new HashSet<>();
    private final RandomAccessFile file;

    Follow(String path) throws Exception {
        file = new RandomAccessFile(path, "rw");
        byte[] bytes = new byte[(int) file.length()];
        file.readFully(bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1); // a byte is a character
        String whole = text.substring(0, text.lastIndexOf('\n') + 1); // a crash may have cut the last line off
        file.setLength(whole.length());
        file.seek(whole.length());
        whole.lines().forEach(line -> handled.add(line.split("\t")[0]));
    }

    void handle(String id, String subject, String data) throws Exception {
        if (handled.add(id)) {
            file.write((id + "\t" + subject + "\t" + data + "\n").getBytes(StandardCharsets.UTF_8));
            file.getFD().sync();
            System.out.println(id + " " + subject + " " + data);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String name = arguments[0], start = arguments.length > 1 ? arguments[1] : "";
        Follow follow = new Follow(name + ".tsv");
        var config = ConsumerConfiguration.builder().durable(name).filterSubject("quill.letters.v1.>").ackWait(10_000);
        if (start.matches("\\d+")) config.deliverPolicy(DeliverPolicy.ByStartSequence).startSequence(Long.parseLong(start));
        else if (!start.isEmpty()) config.deliverPolicy(DeliverPolicy.ByStartTime).startTime(ZonedDateTime.parse(start));
        Connection client = Nats.connect(Options.builder().server(System.getenv("NATS_URL"))
            .userInfo(System.getenv("NATS_USER"), System.getenv("NATS_PASSWORD"))
            .inboxPrefix("_INBOX_partner").maxReconnects(-1).build());
        client.jetStreamManagement().addOrUpdateConsumer("LETTERS", config.build());
        var subscription = client.jetStream().subscribe(null, PullSubscribeOptions.bind("LETTERS", name));
        while (true) {
            for (Message message : subscription.fetch(1, Duration.ofSeconds(1))) { // none, if the broker is away
                String data = new String(message.getData(), StandardCharsets.UTF_8);
                follow.handle(message.getHeaders().getFirst("ce-id"), message.getSubject(), data);
                message.ack(); // one that is lost brings the event again, and its line is there
            }
        }
    }
}
