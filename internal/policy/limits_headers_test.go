// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func TestParseHeaders(t *testing.T) {
	got, err := ParseHeaders([]v1alpha1.HeaderPattern{{Name: "user-AGENT", Pattern: "Zapier*"}})
	if err != nil || !slices.Equal(got, []grant.HeaderPattern{{Name: "User-Agent", Pattern: "Zapier*"}}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := ParseHeaders([]v1alpha1.HeaderPattern{{Name: "X-A", Pattern: "a\nb"}}); err == nil ||
		!strings.Contains(err.Error(), "the pattern for header X-A must be printable ASCII") {
		t.Error(err)
	}
}

func TestHeadersRequired(t *testing.T) {
	for _, c := range []struct{ required, declared, want bool }{
		{false, false, true}, {false, true, true}, {true, false, false}, {true, true, true},
	} {
		r := &Request{}
		if c.declared {
			r.Headers = []grant.HeaderPattern{{Name: "X-A", Pattern: "*"}}
		}
		l, found := limits{headersRequired: c.required}, findings{}
		l.checkHeaders(r, &found)
		if ok := len(found.reasons()) == 0; ok != c.want {
			t.Errorf("%+v: %v", c, found.reasons())
		}
	}
}
