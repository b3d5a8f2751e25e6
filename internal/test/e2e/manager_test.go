// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func managerKilled() types.Feature {
	return story("manager killed", "requests go on without any manager, and the next one goes on with the work", func(t *testing.T) {
		t.Helper()
		before := standing.reports(t)
		doomed := declare(t, apiToken(marketing, "doomed", "bob"))
		isActive(t, doomed, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		secret := plaintext(t, doomed)
		works(t, secret, "bob")
		killed := time.Now()
		kill(t, managerNamespace, podNames(t, managerNamespace)...)
		must(t, kube.Delete(t.Context(), doomed)) // nobody is there to follow
		token := apiToken(marketing, "after-the-kill", "bob")
		eventually(t, "an ApiToken can be created again", func() error { return kube.Create(t.Context(), token) })
		t.Cleanup(func() { remove(token) })
		created := since(killed)
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		works(t, plaintext(t, token), "bob")
		issued := since(killed)
		refused(t, secret, "")
		must(t, managerRolledOut(t.Context()))
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "both managers killed: %s later a token could be declared, %s later it worked, and one deleted meanwhile did not; %s",
			created, issued, report)
	})
}
