// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// inGit is the folder that docs/flux/kustomization.yaml names.
const inGit = "jira-tokens"

var intake, leads = named("marketing", "intake"), named("marketing", "leads")

// documentedFiles are a namespace, a policy and two tokens.
func documentedFiles(jiraURL string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join("testdata", inGit, "*.yaml"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[filepath.Join(inGit, filepath.Base(path))] = strings.NewReplacer(
			"JIRA_URL", jiraURL, "GATEWAY_URL", "http://"+local.GatewayAddress+"/jira").Replace(string(text))
	}
	return files, nil
}

func commitDocumented(ctx context.Context, jiraURL string) error {
	files, err := documentedFiles(jiraURL)
	if err != nil {
		return err
	}
	_, err = git.commit(ctx, "policy and tokens", files)
	return err
}

// applyDocumented gives Flux docs/flux/kustomization.yaml as it is, and the repository that it refers to.
func applyDocumented(ctx context.Context) error {
	if err := kube.Create(ctx, platform()); err != nil {
		return err
	}
	_, err := local.Kubectl(ctx, "apply", "-f", documentedManifest)
	return err
}

// documentedWaits: without its gateway the policy is not ready, and Flux waits for it.
func documentedWaits(ctx context.Context) error {
	k, err := documented()
	if err != nil {
		return err
	}
	var healthy, ready *metav1.Condition
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		var p v1alpha1.TokenPolicy
		if err := client.IgnoreNotFound(kube.Get(ctx, named(stack.PolicyNamespace, stack.PolicyName), &p)); err != nil {
			return false, err
		}
		if err := kube.Get(ctx, client.ObjectKeyFromObject(k), k); err != nil {
			return false, err
		}
		ready, healthy = meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady), condition(k, "Healthy")
		return ready != nil && ready.Reason == v1alpha1.ReasonGatewayStarting &&
			healthy != nil && healthy.Status == metav1.ConditionUnknown, nil
	})
	if err != nil {
		return fmt.Errorf("flux does not wait for the policy: %w: TokenPolicy: %+v; Kustomization: %+v %s", err, ready, healthy, k.Object["status"])
	}
	return nil
}

func documentedKustomization(t *testing.T) *kustomization {
	t.Helper()
	u, err := documented()
	must(t, err)
	k := &kustomization{T: t, object: u, source: platform(), folder: inGit}
	k.commit(nil)
	return k
}

// TestFromNothing: namespace, policy and tokens in one Kustomization, which was applied before the policy could be ready. With
// wait: true and healthCheckExprs it is ready, and the tokens work.
func TestFromNothing(t *testing.T) {
	documentedKustomization(t).expectReady()
	for _, name := range []types.NamespacedName{intake, leads} {
		token := expect(t, name, v1alpha1.ReasonIssued)
		expectAccepted(t, plaintext(t, name))
		if want := "system:serviceaccount:flux-system:kustomize-controller"; token.Status.RequestedBy != want {
			t.Errorf("%s was requested by %q, want %q", name, token.Status.RequestedBy, want)
		}
	}
}

func condition(u *unstructured.Unstructured, kind string) *metav1.Condition {
	s, err := decodeStatus(u)
	if err != nil {
		return nil
	}
	return meta.FindStatusCondition(s.Conditions, kind)
}
