// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/e2e/load"
)

func groupLeft() types.Feature {
	return story("Jira group left", "who leaves the group in Jira loses what it permits, and only they", func(t *testing.T) {
		t.Helper()
		token := declare(t, apiToken(development, "group", "carol"))
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		secret := plaintext(t, token)
		works(t, secret, "carol")
		left := membership(t, http.MethodDelete, "?groupname="+developers+"&username=carol", "")
		refused(t, secret, "blocked")
		ended := since(left)
		isActive(t, token, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		returned := membership(t, http.MethodPost, "?groupname="+developers, `{"name":"carol"}`)
		works(t, secret, "carol")
		seen(t, "refused %s after carol left (groups are read every 10 s); the same credential worked %s after she returned",
			ended, since(returned))
	})
}

// membership changes a group in Jira, as its administrator.
func membership(t *testing.T, method, query, body string) time.Time {
	t.Helper()
	a := ask(t, &load.Question{
		Method: method, URL: jiraURL + "/rest/api/2/group/user" + query, Token: personalTokens[jiraAdmin], Body: body,
	})
	if a.Status != http.StatusOK && a.Status != http.StatusCreated {
		t.Fatalf("%s group/user: %s", method, a)
	}
	return time.Now()
}
