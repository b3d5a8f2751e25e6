// SPDX-License-Identifier: Apache-2.0

package stamp

// Claimed is whom a stamp says to be of, without the keys that it could be verified with: to show it to people, and for
// nothing that decides. The webhook lets nobody write another's. Empty: it can't be read.
func Claimed(annotation string) string {
	p, ok := split(annotation)
	if !ok {
		return ""
	}
	s, ok := decode(p.content)
	if !ok {
		return ""
	}
	return s.Requester.User
}
