// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/webhook"
)

// decider goes by the owners of a policy's rules alone, and by who asks.
type decider struct{ groups []string }

func (d *decider) NamedGroups(context.Context, *v1alpha1.ApiToken) []string { return d.groups }

func (*decider) Decide(ctx context.Context, token *v1alpha1.ApiToken, requester *grant.Requester) (webhook.Decision, error) {
	reference := types.NamespacedName{Namespace: string(token.Spec.PolicyRef.Namespace), Name: token.Spec.PolicyRef.Name}
	var policy v1alpha1.TokenPolicy
	switch err := plane.Client.Get(ctx, reference, &policy); {
	case apierrors.IsNotFound(err):
		return webhook.Decision{Message: fmt.Sprintf("There is no TokenPolicy %s yet.", reference)}, nil
	case err != nil:
		return webhook.Decision{}, err
	case token.Spec.Owner == "broken":
		return webhook.Decision{}, errors.New("secret details")
	case token.Spec.Owner == "pending":
		return webhook.Decision{Message: "Jira has not been asked yet.", Mode: policy.Spec.Admission}, nil
	case requester == nil:
		return webhook.Decision{Message: "It is not known who asks."}, nil
	}
	permitted := slices.ContainsFunc(policy.Spec.Rules, func(r v1alpha1.Rule) bool {
		return slices.Contains(r.Owners.Users, token.Spec.Owner)
	})
	message := fmt.Sprintf("Rule r permits what %s asks for.", requester.User)
	if !permitted {
		message = fmt.Sprintf("No rule permits %s a token of %s. %s", requester.User, token.Spec.Owner,
			strings.Repeat("Rule r: the owner must be alice, and this sentence is long enough for two. ", 4))
	}
	return webhook.Decision{Permitted: permitted, Certain: true, Message: message, Mode: policy.Spec.Admission}, nil
}

func newPolicy(namespace string, mode v1alpha1.AdmissionMode) *v1alpha1.TokenPolicy {
	names := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"anywhere"}}
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "jira", Namespace: namespace},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "http://jira:8080/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: names, Admission: mode,
			Rules: []v1alpha1.Rule{{
				Name: "r", Namespaces: names, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}},
			}},
		},
	}
}

func underPolicy(namespace string, owner v1alpha1.JiraUserName) func(*v1alpha1.ApiToken) {
	return func(a *v1alpha1.ApiToken) {
		a.Spec.PolicyRef.Namespace, a.Spec.Owner = v1alpha1.NamespaceName(namespace), owner
	}
}

func TestTheDecisionIsShown(t *testing.T) {
	m := start(t, options{decider: &decider{}})
	namespace, warn, deny := plane.Namespace(t), plane.Namespace(t), plane.Namespace(t)
	alice := user(t, namespace, roleEditor, "alice")
	must(t, plane.Client.Create(t.Context(), newPolicy(warn, v1alpha1.AdmissionWarn)))
	must(t, plane.Client.Create(t.Context(), newPolicy(deny, v1alpha1.AdmissionDeny)))
	const refused = "No rule permits alice a token of bob."
	for name, c := range map[string]struct {
		policy        string
		owner         v1alpha1.JiraUserName
		dryRun        bool
		want, refused string
	}{
		"permitted":              {policy: warn, owner: "alice"},
		"permitted, dry run":     {policy: warn, owner: "alice", dryRun: true, want: "Rule r permits what alice asks for."},
		"not permitted":          {policy: warn, owner: "bob", want: refused},
		"not permitted, dry run": {policy: warn, owner: "bob", dryRun: true, want: refused},
		"denied":                 {policy: deny, owner: "bob", refused: refused},
		"denied, dry run":        {policy: deny, owner: "bob", dryRun: true, refused: refused},
		"permitted if denying":   {policy: deny, owner: "alice"},
		"not certain":            {policy: deny, owner: "pending", want: "Jira has not been asked yet."},
		"no policy":              {policy: "nowhere", owner: "bob", want: "There is no TokenPolicy nowhere/jira yet."},
		"no policy, dry run":     {policy: "nowhere", owner: "bob", dryRun: true, want: "There is no TokenPolicy nowhere/jira yet."},
		"an error":               {policy: deny, owner: "broken", want: "It could not be decided now whether the policy permits this ApiToken."},
	} {
		t.Run(name, func(t *testing.T) {
			token := newToken(namespace, "", underPolicy(c.policy, c.owner), func(a *v1alpha1.ApiToken) { a.GenerateName = "t-" })
			var options []client.CreateOption
			if c.dryRun {
				options = append(options, client.DryRunAll)
			}
			err := alice.Create(t.Context(), token, options...)
			said := strings.Join(alice.takeWarnings(), "|")
			if (err != nil) != (c.refused != "") {
				t.Errorf("have %v", err)
			}
			if err != nil && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), c.refused)) {
				t.Errorf("want %q, have %v", c.refused, err)
			}
			if (said == "") != (c.want == "") || !strings.HasPrefix(said, c.want) {
				t.Errorf("the warning is %q", said)
			}
			for warning := range strings.SplitSeq(said, "|") {
				if len(warning) > 256 || (c.want == refused && !strings.HasSuffix(warning, ".")) {
					t.Errorf("a warning is cut or too long: %q", warning)
				}
			}
		})
	}
	for outcome, want := range map[string]float64{"denied": 2, "undecided": 1, "warned": 2, "forged": 0} {
		if have := m.admissions(t, outcome); have != want {
			t.Errorf("%v admissions are counted as %s, not %v", have, outcome, want)
		}
	}
}

// admissions reads the metric.
func (m *manager) admissions(t *testing.T, outcome string) (sum float64) {
	t.Helper()
	families, err := m.metrics.Gather()
	must(t, err)
	for _, family := range families {
		for _, metric := range family.Metric {
			for _, label := range metric.Label {
				if family.GetName() == "jiratokens_admissions_total" && label.GetName() == "outcome" && label.GetValue() == outcome {
					sum += metric.Counter.GetValue()
				}
			}
		}
	}
	return sum
}

// What kubectl prints, and who is judged on an update: whoever asked, not whoever edits.
func TestTheDecisionIsAboutTheRequester(t *testing.T) {
	start(t, options{decider: &decider{}})
	namespace, policy := plane.Namespace(t), plane.Namespace(t)
	alice, bob := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "bob")
	must(t, plane.Client.Create(t.Context(), newPolicy(policy, v1alpha1.AdmissionWarn)))
	token := newToken(namespace, "t", underPolicy(policy, "bob"))
	out, err := kubectlApply(t, alice, token, "--dry-run=server")
	if err != nil || !strings.Contains(out, "Warning: No rule permits alice a token of bob.") {
		t.Errorf("have %v: %s", err, out)
	}
	must(t, alice.Create(t.Context(), token))
	must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/requested-by":null}}}`)))
	if said := strings.Join(bob.takeWarnings(), "|"); !strings.HasPrefix(said, "No rule permits alice a token of bob.") {
		t.Errorf("the warning is %q", said)
	}
	must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(`{"spec":{"description":"x"}}`)))
	if said := strings.Join(bob.takeWarnings(), "|"); !strings.HasPrefix(said, "No rule permits bob a token of bob.") {
		t.Errorf("the warning is %q", said)
	}
}

// The group that a policy names is kept of however many.
func TestGroupsThatThePolicyNames(t *testing.T) {
	m := start(t, options{decider: &decider{groups: []string{"group-199"}}})
	namespace := plane.Namespace(t)
	var groups []string
	for i := range 200 {
		groups = append(groups, fmt.Sprint("group-", i))
	}
	alice := user(t, namespace, roleEditor, "alice", groups...)
	token := newToken(namespace, "t")
	must(t, alice.Create(t.Context(), token))
	if r, err := m.requester(t, token); err != nil || len(r.Groups) != 64 || r.Groups[0] != "group-199" {
		t.Errorf("have %+v, %v", r, err)
	}
}
