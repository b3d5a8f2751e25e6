// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"sync"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// person is a client with the identity and the rights of one user.
type person struct {
	client.Client
	name   string
	config *rest.Config

	mu       sync.Mutex
	warnings []string
}

// HandleWarningHeader collects what kubectl would print.
func (p *person) HandleWarningHeader(_ int, _, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.warnings = append(p.warnings, text)
}

func (p *person) takeWarnings() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.warnings
	p.warnings = nil
	return taken
}

func newPerson(t *testing.T, name string, config *rest.Config) *person {
	t.Helper()
	p := &person{name: name, config: rest.CopyConfig(config)}
	p.config.WarningHandler = p
	var err error
	p.Client, err = client.New(p.config, client.Options{Scheme: plane.Scheme})
	must(t, err)
	return p
}

// user is a person with a client certificate and a role in a namespace.
func user(t *testing.T, namespace, role, name string, groups ...string) *person {
	t.Helper()
	bind(t, namespace, role, rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name})
	return newPerson(t, name, plane.User(t, name, groups...))
}

// account is a ServiceAccount with a role in a namespace, such as that of a GitOps controller.
func account(t *testing.T, namespace, role, accountNamespace, name string) *person {
	t.Helper()
	config := plane.ServiceAccount(t, accountNamespace, name)
	bind(t, namespace, role, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: accountNamespace, Name: name})
	return newPerson(t, "system:serviceaccount:"+accountNamespace+":"+name, config)
}

// The roles of config/rbac that tests bind.
const (
	roleEditor   = "jira-token-operator-apitoken-editor"
	roleApprover = "jira-token-operator-approver"
	roleGitOps   = "jira-token-operator-gitops"
)

// bind gives a role, and waits until the API server knows that.
func bind(t *testing.T, namespace, role string, subject rbacv1.Subject) {
	t.Helper()
	must(t, plane.Client.Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Namespace: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}))
	asked := authorizationv1.SubjectAccessReviewSpec{
		User: subject.Name, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: "create", Group: v1alpha1.GroupVersion.Group, Resource: "apitokens",
		},
	}
	if subject.Kind == rbacv1.ServiceAccountKind {
		asked.User = "system:serviceaccount:" + subject.Namespace + ":" + subject.Name
	}
	if role == roleApprover {
		asked.ResourceAttributes.Resource = "tokenapprovals"
	}
	eventually(t, func() error {
		review := &authorizationv1.SubjectAccessReview{Spec: asked}
		if err := plane.Client.Create(t.Context(), review); err != nil {
			return err
		}
		if !review.Status.Allowed {
			return fmt.Errorf("%s may not create %s yet", asked.User, asked.ResourceAttributes.Resource)
		}
		return nil
	})
}

func newToken(namespace, name string, edits ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	token := &v1alpha1.ApiToken{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ApiToken"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead},
			PolicyRef: v1alpha1.PolicyReference{Name: "jira", Namespace: "no-such-policy"},
		},
	}
	for _, edit := range edits {
		edit(token)
	}
	return token
}

func annotated(value string) func(*v1alpha1.ApiToken) {
	return func(a *v1alpha1.ApiToken) {
		metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationRequestedBy, value)
	}
}

// stored reads a token as an administrator.
func stored(t *testing.T, token *v1alpha1.ApiToken) *v1alpha1.ApiToken {
	t.Helper()
	var out v1alpha1.ApiToken
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(token), &out))
	return &out
}

func stampOf(token *v1alpha1.ApiToken) string {
	return token.Annotations[v1alpha1.AnnotationRequestedBy]
}

// requester is who the operator believes to have asked; nil: nobody.
func (m *manager) requester(t *testing.T, token *v1alpha1.ApiToken) (*grant.Requester, error) {
	t.Helper()
	ring, err := m.admission.Keys().Ring(t.Context())
	if err != nil {
		return nil, err
	}
	return ring.VerifyToken(stored(t, token))
}

func (m *manager) expectRequester(t *testing.T, token *v1alpha1.ApiToken, want *person) {
	t.Helper()
	if r, err := m.requester(t, token); err != nil || r.User != want.name {
		t.Errorf("%s is asked for by %+v (%v), not by %s", token.Name, r, err, want.name)
	}
}
