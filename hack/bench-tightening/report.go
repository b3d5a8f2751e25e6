// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// result is what a change of the policy took.
type result struct {
	credentials []time.Duration // until each credential was as it should be, the first one first
	statuses    time.Duration   // until every status was
	writes      counts
}

// counts are numbers of writes by verb and resource.
type counts map[string]int

// counter is a line of the API server's metrics about requests that write to what a token consists of.
var counter = regexp.MustCompile(
	`^apiserver_request_total\{.*resource="(apitokens|secrets|tokenpolicies|events)".*subresource="([a-z]*)".*` +
		`verb="(POST|PUT|PATCH|APPLY|DELETE)".*\} ([0-9.e+]+)$`)

func (b *bench) writes(ctx context.Context) (counts, error) {
	raw, err := b.stack.Client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the API server's metrics: %w", err)
	}
	found := counts{}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		m := counter.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		value, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			return nil, fmt.Errorf("read the API server's metrics: %w", err)
		}
		resource := m[1]
		if m[2] != "" {
			resource += "/" + m[2]
		}
		found[m[3]+" "+resource] += int(value)
	}
	return found, nil
}

func (c counts) since(before counts) counts {
	out := counts{}
	for key, n := range c {
		if n > before[key] {
			out[key] = n - before[key]
		}
	}
	return out
}

func (r *result) print(name string, n int, peer time.Duration) {
	at := func(part float64) time.Duration { return r.credentials[min(n-1, int(part*float64(n)))] }
	fmt.Printf("\nthe policy of %d tokens is %s\n", n, name)
	for _, row := range []struct {
		what string
		took time.Duration
	}{
		{"first credential", at(0)},
		{"median credential", at(0.5)},
		{"last credential", at(1)},
		{"last status", r.statuses},
		{"peer: as many writes", peer},
	} {
		fmt.Printf("  %-22s %9.3f s\n", row.what, row.took.Seconds())
	}
	fmt.Printf("  %-22s %9.2f\n", "ratio, status to peer", r.statuses.Seconds()/peer.Seconds())
	total := 0
	for _, key := range slices.Sorted(maps.Keys(r.writes)) {
		fmt.Printf("  %-22s %9d\n", key, r.writes[key])
		total += r.writes[key]
	}
	fmt.Printf("  %-22s %9.2f\n", "writes a token", float64(total)/float64(n))
}
