// SPDX-License-Identifier: Apache-2.0

// Command workload runs in pods of the end-to-end tests. It calls Jira through the gateway with the token of a mounted
// Secret, and tells over HTTP what came of it:
//
//	GET /report   what was asked so far, see load.Report
//	POST /ask     sends one request, a load.Question, and answers with a load.Answer
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/e2e/load"
)

func main() {
	listen := flag.String("listen", ":8080", "`address` to answer on")
	mount := flag.String("mount", "", "`folder` that the Secret is mounted at; empty: only what /ask says is sent")
	owner := flag.String("owner", "", "`name` of the Jira user that the token belongs to")
	pause := flag.Duration("pause", 20*time.Millisecond, "`time` from one request to the next")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	work := load.New(*mount, *owner, *pause)
	if *mount != "" {
		go work.Run(ctx)
	}
	server := &http.Server{Addr: *listen, Handler: handler(work), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
	}
}

func handler(work *load.Load) http.Handler {
	client := load.NewClient(false)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, _ *http.Request) { answer(w, work.Report()) })
	mux.HandleFunc("POST /ask", func(w http.ResponseWriter, r *http.Request) {
		var question load.Question
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, client.Ask(r.Context(), &question))
	})
	return mux
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(what); err != nil {
		log.Print(err)
	}
}
