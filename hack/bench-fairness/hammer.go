// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/gatewaybench"
)

// counts is what became of the hammering token's requests.
type counts struct {
	Allowed int64 `json:"allowed"`
	Refused int64 `json:"refused"`
	Failed  int64 `json:"failed"`
}

func (c *counts) add(other counts) {
	c.Allowed += other.Allowed
	c.Refused += other.Refused
	c.Failed += other.Failed
}

// task is what the hammering process is told on its standard input: a token has no place among arguments.
type task struct {
	Address string `json:"address"`
	Token   string `json:"token"`
	Rate    int    `json:"rate"`
}

// hammer runs this program as another process, for the client that hammers has a machine of its own. It goes on until the
// function that it returns is called.
func hammer(ctx context.Context, t task) (stop func() (counts, error), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	command := exec.CommandContext(ctx, self, "-hammer")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("hammer: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("hammer: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("hammer: %w", err)
	}
	if err := json.NewEncoder(in).Encode(t); err != nil {
		return nil, errors.Join(fmt.Errorf("hammer: %w", err), command.Wait())
	}
	return func() (c counts, err error) {
		_ = in.Close() // this ends it
		err = json.NewDecoder(out).Decode(&c)
		return c, errors.Join(err, command.Wait())
	}, nil
}

// hammerers is on how many connections the hammering client sends.
const hammerers = 16

// runHammer sends so many requests a second, as well as it can, until the end of its input.
func runHammer(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	var t task
	if err := decoder.Decode(&t); err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var allowed, refused, failed atomic.Int64
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: hammerers, DisableCompression: true}}
	for i := range hammerers {
		all.Go(func() {
			time.Sleep(time.Second * time.Duration(i) / time.Duration(t.Rate)) // one after the other, not in volleys
			ticker := time.NewTicker(time.Second * hammerers / time.Duration(t.Rate))
			defer ticker.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-ticker.C:
				}
				switch status, err := gatewaybench.Get(context.WithoutCancel(ctx), client, t.Address, t.Token); {
				case err != nil:
					failed.Add(1)
				case status == http.StatusOK:
					allowed.Add(1)
				default:
					refused.Add(1)
				}
			}
		})
	}
	_, _ = io.Copy(io.Discard, in)
	cancel()
	all.Wait()
	return json.NewEncoder(out).Encode(counts{allowed.Load(), refused.Load(), failed.Load()})
}
