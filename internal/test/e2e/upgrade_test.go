// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func upgrade() types.Feature {
	return story("upgrade", "tokens work throughout, with the same credentials", func(t *testing.T) {
		t.Helper()
		if set.previous.image == "" {
			t.Skip("E2E_PREVIOUS_IMAGE is not set: there is nothing to upgrade from")
		}
		before, credentials, old := standing.reports(t), hashSecrets(t), podNames(t, policyNamespace)
		begin := time.Now()
		must(t, upgradeTo(t.Context(), &set.operator))
		managers := since(begin)
		gatewaysHaveImage(t)
		gatewaysReplaced(t, old)
		policyReady(t)
		took := since(begin)
		sameCredentials(t, credentials)
		declaresAndWorks(t, "after-the-upgrade")
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "from %s: managers replaced in %s, gateways after %s; %s", set.previous.name, managers, took, report)
	})
}

func reinstall() types.Feature {
	return story("uninstall and install", "tokens work while the operator is gone, and with the same credentials when it is back", func(t *testing.T) {
		t.Helper()
		before, credentials, keys := standing.reports(t), hashSecrets(t), managerKeys(t)
		must(t, uninstall(t.Context()))
		gone := time.Now()
		if pods := podNames(t, managerNamespace); len(pods) > 0 {
			t.Fatalf("managers are left: %v", pods)
		}
		keptAndGuarded(t)
		for _, namespace := range tokenNamespaces {
			works(t, plaintext(t, apiToken(namespace, "standing", "")), string(standingOwners[namespace]))
		}
		must(t, install(t.Context(), helm4, &set.operator))
		without := since(gone)
		gatewaysHaveImage(t)
		policyReady(t)
		sameCredentials(t, credentials)
		if now := managerKeys(t); len(keys) == 0 || !slices.Equal(now, keys) {
			t.Errorf("the manager's keys were %v and are %v", keys, now)
		}
		declaresAndWorks(t, "after-the-installation")
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "%d credentials and %d Secrets with keys kept; %s without an operator; %s", len(credentials), len(keys), without, report)
	})
}

// gatewaysHaveImage waits until all gateways run the image of the operator.
func gatewaysHaveImage(t *testing.T) {
	t.Helper()
	eventually(t, "the gateways are to run the new image", func() error {
		if image := gatewayImage(t); image != set.operator.image {
			return fmt.Errorf("they run %s", image)
		}
		return nil
	})
	must(t, gatewaysReady(t.Context()))
}

// hashSecrets are the standing workloads' hashed credentials, by name and UID.
func hashSecrets(t *testing.T) (names []string) {
	t.Helper()
	for _, namespace := range tokenNamespaces {
		var token v1alpha1.ApiToken
		must(t, kube.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "standing"}, &token))
		var secrets corev1.SecretList
		must(t, kube.List(t.Context(), &secrets, client.InNamespace(policyNamespace),
			client.MatchingLabels{v1alpha1.LabelTokenUID: string(token.UID)}))
		for i := range secrets.Items {
			names = append(names, fmt.Sprintf("%s (%s)", secrets.Items[i].Name, secrets.Items[i].UID))
		}
	}
	slices.Sort(names)
	return names
}

func sameCredentials(t *testing.T, before []string) {
	t.Helper()
	if now := hashSecrets(t); len(now) != len(tokenNamespaces) || !slices.Equal(now, before) {
		t.Errorf("the credentials were %v and are %v", before, now)
	}
}

// declaresAndWorks shows that the operator does its work.
func declaresAndWorks(t *testing.T, name string) {
	t.Helper()
	token := declare(t, apiToken(marketing, name, "alice"))
	isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
	works(t, plaintext(t, token), "alice")
}
