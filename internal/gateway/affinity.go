// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxAffinityTokens bounds the tokens that cookies are kept of; beyond it, one of the others is forgotten.
	maxAffinityTokens = 8192
	// maxAffinityValue bounds a cookie's value, in bytes. With the others it bounds the memory to some 8 MiB.
	maxAffinityValue = 256
	// affinityFor is how long a cookie is kept after Jira's load balancer last set it. Nodes see each other's writes within
	// seconds.
	affinityFor = time.Hour
)

// affinityJar keeps each token on a node of a clustered Jira, by the cookies of the load balancer before it. What it keeps
// of a token is sent with that token's requests alone; nobody else's cookie can get there, and no session.
type affinityJar struct {
	names  []string
	mu     sync.Mutex
	tokens map[string]affinity // by the UID of the ApiToken
}

type affinity struct {
	values []string // in the order of names; empty: none
	until  time.Time
}

func newAffinityJar(names []string) *affinityJar {
	if len(names) == 0 {
		return nil
	}
	return &affinityJar{names: names, tokens: map[string]affinity{}}
}

// adoptAffinity keeps the jar of the settings before, if it is of the same cookies of the same Jira.
func (s *Settings) adoptAffinity(before *Settings) {
	if before != nil && s.affinity != nil && before.affinity != nil && *before.target == *s.target &&
		slices.Equal(before.affinity.names, s.affinity.names) {
		s.affinity = before.affinity
	}
}

// send puts the token's cookies into a request that has none.
func (j *affinityJar) send(token string, header http.Header, now time.Time) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	kept, ok := j.tokens[token]
	if !ok || !now.Before(kept.until) {
		return
	}
	var pairs []string
	for i, value := range kept.values {
		if value != "" {
			pairs = append(pairs, j.names[i]+"="+value)
		}
	}
	if len(pairs) > 0 {
		header["Cookie"] = []string{strings.Join(pairs, "; ")}
	}
}

// keep takes what an answer sets, once it is proved to be for the token's owner.
func (j *affinityJar) keep(token string, header http.Header, now time.Time) {
	if j == nil || len(header["Set-Cookie"]) == 0 {
		return
	}
	set := map[int]string{}
	for _, line := range header["Set-Cookie"] {
		cookie, err := http.ParseSetCookie(line)
		// Some servers take a comma for the end of a cookie.
		if err != nil || cookie.Quoted || len(cookie.Value) > maxAffinityValue || strings.ContainsAny(cookie.Value, ", ") {
			continue
		}
		if i := slices.Index(j.names, cookie.Name); i >= 0 {
			set[i] = cookie.Value
			if cookie.MaxAge < 0 {
				set[i] = ""
			}
		}
	}
	if len(set) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := affinity{values: make([]string, len(j.names)), until: now.Add(affinityFor)}
	if before, ok := j.tokens[token]; ok {
		copy(kept.values, before.values)
	} else {
		j.makeRoom(now)
	}
	for i, value := range set {
		kept.values[i] = value
	}
	j.tokens[token] = kept
}

// forget lets a token go to another node, when the one that it has does not answer.
func (j *affinityJar) forget(token string) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.tokens, token)
}

func (j *affinityJar) makeRoom(now time.Time) {
	if len(j.tokens) < maxAffinityTokens {
		return
	}
	for token, kept := range j.tokens {
		if !now.Before(kept.until) {
			delete(j.tokens, token)
		}
	}
	for token := range j.tokens {
		if len(j.tokens) < maxAffinityTokens {
			return
		}
		delete(j.tokens, token) // any: it only loses its node
	}
}
