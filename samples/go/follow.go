// Follows Quill's letters, each event exactly once into a file, whatever breaks. Usage: follow NAME [START]
//
// NAME is the durable's name (partner-something); the file is NAME.tsv. START is a sequence number or a time such as
// 2026-05-14T09:30:00Z, for a new durable. The file is the effect and the memory in one: a line that is there was handled.
package main

import (
	"bytes"
	"context"
	"fmt"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"os"
	"strconv"
	"time"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	config := jetstream.ConsumerConfig{Durable: os.Args[1], FilterSubject: "quill.letters.v1.>", AckWait: 10 * time.Second}
	if len(os.Args) > 2 {
		if number, err := strconv.ParseUint(os.Args[2], 10, 64); err == nil {
			config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, number
		} else {
			since := must(time.Parse(time.RFC3339, os.Args[2]))
			config.DeliverPolicy, config.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
		}
	}
	file := must(os.OpenFile(config.Durable+".tsv", os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600))
	text, handled := must(os.ReadFile(file.Name())), map[string]bool{}
	whole := text[:bytes.LastIndexByte(text, '\n')+1] // a crash may have cut the last line off
	must(0, file.Truncate(int64(len(whole))))
	for line := range bytes.Lines(whole) {
		handled[string(line[:bytes.IndexByte(line, '\t')])] = true
	}
	client := must(nats.Connect(os.Getenv("NATS_URL"), nats.UserInfo(os.Getenv("NATS_USER"), os.Getenv("NATS_PASSWORD")),
		nats.CustomInboxPrefix("_INBOX_partner"), nats.MaxReconnects(-1)))
	consumer := must(must(jetstream.New(client)).CreateOrUpdateConsumer(context.Background(), "LETTERS", config))
	for {
		message, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second))
		if err != nil { // nothing there, or the broker is away
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if id := message.Headers().Get("ce-id"); !handled[id] {
			must(fmt.Fprintf(file, "%s\t%s\t%s\n", id, message.Subject(), message.Data()))
			must(0, file.Sync())
			handled[id] = true
			fmt.Println(id, message.Subject(), string(message.Data()))
		}
		_ = message.Ack() // one that is lost brings the event again, and its line is there
	}
}
