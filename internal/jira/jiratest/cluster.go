// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Balanced is a clustered Jira of some nodes behind a load balancer that keeps a client on a node by a cookie; without the
// cookie each request goes to the next node. What was created on a node is found by searches on that node alone: the others'
// indexes are behind for good, so that no test depends on how far.
func (s *Server) Balanced(cookie string, nodes ...string) http.Handler {
	var turn atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		node := ""
		for _, name := range nodes {
			if sent, err := r.Cookie(cookie); err == nil && sent.Value == name {
				node = name
			}
		}
		if node == "" {
			node = nodes[int(turn.Add(1))%len(nodes)]
			w.Header().Add("Set-Cookie", cookie+"="+node+"; Path=/; HttpOnly")
		}
		s.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), nodeKey{}, node)))
	})
}

type nodeKey struct{}

// node is where the call was sent to; empty: there is one node only.
func (c *call) node() string {
	name, _ := c.r.Context().Value(nodeKey{}).(string)
	return name
}

// indexed tells whether searches on the call's node find an issue.
func (c *call) indexed(i *issue) bool { return i.node == "" || c.node() == "" || i.node == c.node() }
