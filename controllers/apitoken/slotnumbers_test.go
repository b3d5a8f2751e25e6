// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"math"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestNobodyUsesUpTheNumbersOfSlots: a number that the next one can't follow would be a slot that is made and not found, over
// and over.
func TestNobodyUsesUpTheNumbersOfSlots(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci", declaring(someHash(t)))
	w.accepted(tok)
	for _, number := range []int{math.MaxInt32 - 1, math.MaxInt32, 1 << 30} {
		edit(w, tok, func(t *v1alpha1.ApiToken) {
			t.Spec.TokenHash = someHash(w.T)
			metav1.SetMetaDataAnnotation(&t.ObjectMeta, annotationAccepted, fmt.Sprintf("own-x %s-%d", t.UID, number))
		})
		w.seen(tok)
		w.accepted(tok)
		if slots := w.slots(tok); len(slots) != 1 || slots[0].number > mostNamed+1 {
			t.Fatalf("%d: %+v", number, slots)
		}
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.TokenHash = someHash(w.T) })
	w.seen(tok)
	w.accepted(tok)
}
