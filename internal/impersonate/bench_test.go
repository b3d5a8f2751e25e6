// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"testing"

	"k8s.io/utils/clock"
)

// BenchmarkOAuth is what a signed request costs more than others, by the size of the key, and how much of it is RSA.
func BenchmarkOAuth(b *testing.B) {
	for _, bits := range []int{2048, 3072, 4096} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			b.Fatal(err)
		}
		for _, method := range []string{RSASHA1, RSASHA256} {
			o, err := NewOAuth(Consumer{Key: "jiratokens", PrivateKey: key, SignatureMethod: method}, "https://jira.example", clock.RealClock{})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s-%d", method, bits), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					out := &Outgoing{Method: "GET", Path: "/jira/rest/api/2/issue/DEMO-1", RawQuery: "expand=names", Header: http.Header{}}
					if err := o.Apply(out, "alice"); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		o, _ := NewOAuth(Consumer{Key: "jiratokens", PrivateKey: key}, "https://jira.example", clock.RealClock{})
		digest := make([]byte, o.hash.Size())
		b.Run(fmt.Sprintf("RSA-alone-%d", bits), func(b *testing.B) {
			for b.Loop() {
				if _, err := rsa.SignPKCS1v15(nil, o.key, o.hash, digest); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
