// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// BenchmarkChainOAuth is the whole way with a signature, by the size of the key; compare with BenchmarkChain.
func BenchmarkChainOAuth(b *testing.B) {
	jira := fastJira(b)
	for _, bits := range []int{2048, 3072, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			g := newBench(b, func(g *bench) {
				g.config.Jira.URL = jira + "/jira"
				g.addSecret("jira-oauth", "tls.key", pemOf(key))
				g.config.Impersonation = gatewayconfig.Impersonation{OAuth: &gatewayconfig.OAuth{
					ConsumerKey: "jiratokens", PrivateKey: gatewayconfig.KeyRef{Name: "jira-oauth", Key: "tls.key"},
				}}
			})
			drive(b, g.address, g.issue("alice", []string{"read"}))
		})
	}
}
