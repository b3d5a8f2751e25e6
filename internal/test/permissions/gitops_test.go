// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// asFlux applies objects as kustomize-controller does: all of them in a dry run first, then each, with force.
func (u *user) asFlux(objects ...client.Object) {
	u.Helper()
	for _, dryRun := range []bool{true, false} {
		for _, o := range objects {
			options := []client.ApplyOption{client.FieldOwner("kustomize-controller"), client.ForceOwnership}
			if dryRun {
				options = append(options, client.DryRunAll)
			}
			configuration := client.ApplyConfigurationFromUnstructured(bare(u.T, o))
			if err := u.Apply(u.Context(), configuration, options...); err != nil {
				u.Fatalf("apply %s (dry run: %t): %v", o.GetName(), dryRun, err)
			}
		}
	}
}

// bare is an object as it stands in Git.
func bare(t *testing.T, o client.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	must(t, err)
	delete(content, "status")
	u := &unstructured.Unstructured{Object: content}
	metadata := map[string]any{"name": o.GetName(), "namespace": o.GetNamespace()}
	if labels := o.GetLabels(); labels != nil {
		metadata["labels"] = runtime.DeepCopyJSONValue(content["metadata"].(map[string]any)["labels"])
	}
	if annotations := o.GetAnnotations(); annotations != nil {
		metadata["annotations"] = runtime.DeepCopyJSONValue(content["metadata"].(map[string]any)["annotations"])
	}
	u.Object["metadata"] = metadata
	return u
}

// TestPolicyAndTokensTogether: one dry run of all, then all, in any order. The webhook must not deny what only comes with
// the rest, and nothing may be refused for good.
func TestPolicyAndTokensTogether(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		w := newWorld(t)
		fluxA := w.gitOps(w.tenantA)
		w.bind("jira-token-operator-gitops", subject(w.tenantA), w.gateway)
		first, second := w.token(w.tenantA, "first", "alice"), w.token(w.tenantA, "second", "bob")
		all := []client.Object{w.policy, first, second}
		objects := make([]client.Object, 0, len(all))
		for _, i := range order {
			objects = append(objects, all[i])
		}
		fluxA.asFlux(objects...)
		w.expect(first, v1alpha1.ReasonIssued)
		w.expect(second, v1alpha1.ReasonIssued)
	}
}

// TestReapplyingChangesNothing: Flux, Argo CD (which patches as kubectl apply does), kubectl apply on either side: an
// approved token stays as it is, with its approval, its credential and every resource version.
func TestReapplyingChangesNothing(t *testing.T) {
	w := newWorld(t)
	for i := range w.policy.Spec.Rules {
		w.policy.Spec.Rules[i].Approval = &v1alpha1.RuleApproval{Required: true}
	}
	must(t, plane.Client.Create(t.Context(), w.policy))
	fluxA, approver := w.gitOps(w.tenantA), w.approver("oidc:anna")
	inGit := w.token(w.tenantA, "ci", "alice")
	inGit.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "tenant-a"}
	stored := inGit.DeepCopy()
	fluxA.asFlux(inGit)
	w.expect(stored, v1alpha1.ReasonApprovalRequired)
	must(t, approver.Create(t.Context(), w.approval(stored, "given", v1alpha1.DecisionApprove)))
	w.expect(stored, v1alpha1.ReasonIssued)

	manifest, err := yaml.Marshal(bare(t, inGit).Object)
	must(t, err)
	file := string(manifest)
	for name, again := range map[string]func(){
		"Flux":                      func() { fluxA.asFlux(inGit) },
		"kubectl apply":             func() { fluxA.kubectl(file, "apply", "-f", "-") },
		"kubectl apply server-side": func() { fluxA.kubectl(file, "apply", "--server-side", "--force-conflicts", "-f", "-") },
		"Argo CD": func() {
			fluxA.kubectl(file, "apply", "--field-manager=argocd-controller", "-f", "-")
		},
	} {
		t.Run(name, func(t *testing.T) {
			again() // the first time it takes the fields over
			w.settled(stored)
			before := w.versions(stored)
			for range 20 {
				again()
			}
			w.settled(stored)
			if after := w.versions(stored); !maps.Equal(before, after) {
				t.Errorf("\n%v\n%v", before, after)
			}
		})
	}
	if !slices.Contains(slices.Collect(maps.Keys(w.versions(stored))), "TokenApproval "+w.gateway+"/given") {
		t.Error("the approval is gone")
	}
	requester := stored.Status.RequestedBy
	if want := "system:serviceaccount:" + w.tenantA + ":flux"; requester != want {
		t.Errorf("requested by %q, want %q", requester, want)
	}
}

// settled waits until the manager has seen the token as it is.
func (w *world) settled(t *v1alpha1.ApiToken) {
	w.Helper()
	must(w.T, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
	w.expect(t, v1alpha1.ReasonIssued)
}

// TestNarrowedInGitIsNarrow: what Git no longer names is gone, whoever else has set it meanwhile.
func TestNarrowedInGitIsNarrow(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Create(t.Context(), w.policy))
	fluxA, paul := w.gitOps(w.tenantA), w.person("oidc:paul", "platform-team")
	inGit := w.token(w.tenantA, "ci", "alice")
	fluxA.asFlux(inGit)
	stored := inGit.DeepCopy()
	w.expect(stored, v1alpha1.ReasonIssued)
	must(t, retry.RetryOnConflict(retry.DefaultBackoff, func() error { // the operator may write to it meanwhile
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(stored), stored))
		stored.Spec.Scopes = []v1alpha1.Scope{"read", "write"}
		return paul.Update(t.Context(), stored)
	}))
	w.expect(stored, v1alpha1.ReasonIssued)
	if stored.Status.RequestedBy != "oidc:paul" {
		t.Errorf("requested by %q", stored.Status.RequestedBy)
	}
	fluxA.asFlux(inGit)
	w.expect(stored, v1alpha1.ReasonIssued)
	if got := stored.Status.Grant.Scopes; !slices.Equal(got, []v1alpha1.Scope{"read"}) || !strings.HasSuffix(stored.Status.RequestedBy, ":flux") {
		t.Errorf("scopes %v, requested by %q", got, stored.Status.RequestedBy)
	}
}

// TestDenialGoesThroughGit: one that was patched in by hand is committed, and taken out of Git once it is over. Where Git's list was
// another one, the API server leaves null, as the one who patched has a share in deny: it must not refuse that. Where it was the same
// list it is still the one who patched who denies, until that is taken back too.
func TestDenialGoesThroughGit(t *testing.T) {
	for name, c := range map[string]struct {
		committed v1alpha1.DeniedToken
		stays     bool
	}{
		"the same list": {"marketing/intake", true},
		"another list":  {"marketing/leads", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fluxA := w.gitOps(w.tenantA)
			w.bind("jira-token-operator-gitops", subject(w.tenantA), w.gateway)
			byHand := func(patch string) {
				t.Helper()
				merge := client.RawPatch(types.MergePatchType, []byte(patch))
				must(t, plane.Client.Patch(t.Context(), w.policy.DeepCopy(), merge, client.FieldOwner("incident")))
			}
			expectDenial := func(want bool) {
				t.Helper()
				stored := &v1alpha1.TokenPolicy{}
				must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(w.policy), stored))
				if denied := stored.Spec.Deny != nil; denied != want {
					t.Errorf("is there a denial? %t, want %t: %+v", denied, want, stored.Spec.Deny)
				}
			}
			fluxA.asFlux(w.policy)
			byHand(`{"spec":{"deny":{"tokens":["marketing/intake"]}}}`)
			inGit := w.policy.DeepCopy()
			inGit.Spec.Deny = &v1alpha1.Deny{Tokens: []v1alpha1.DeniedToken{c.committed}}
			fluxA.asFlux(inGit)
			for range 2 {
				fluxA.asFlux(w.policy)
				expectDenial(c.stays)
			}
			byHand(`{"spec":{"deny":null}}`)
			fluxA.asFlux(w.policy)
			expectDenial(false)
		})
	}
}
