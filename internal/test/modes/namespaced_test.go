// SPDX-License-Identifier: Apache-2.0

package modes

import (
	"os"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// With --watch-namespaces the Roles of config/rbac/namespaced are enough: in the namespaces that the flag names everything is
// as ever, others are left alone, and nothing is asked for that is forbidden.
func TestSomeNamespacesOnly(t *testing.T) {
	watched := []string{stack.PolicyNamespace, "dev", "late", "roleless"}
	createNamespaces(t, stack.PolicyNamespace, "dev", "outside", "roleless")
	giveRoles(t, watched)
	for _, namespace := range []string{stack.PolicyNamespace, "dev"} {
		bindRole(t, "namespaced/role.yaml", namespace)
	}
	label(t, "outside", "true")
	startManager(t, "--watch-namespaces="+strings.Join(watched, ","))

	left := newToken("outside", "t", stack.PolicyNamespace)
	dev := newToken("dev", "t", stack.PolicyNamespace)
	create(t, newPolicy(stack.PolicyNamespace), newPolicy("outside"), left, dev)

	t.Run("a namespace's labels count at once", func(t *testing.T) {
		becomes(t, dev, v1alpha1.ReasonNamespaceNotAllowed)
		label(t, "dev", "true")
		becomes(t, dev, v1alpha1.ReasonIssued)
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(dev), &corev1.Secret{}))
	})
	t.Run("the policy has its gateway", func(t *testing.T) {
		key := client.ObjectKey{Namespace: stack.PolicyNamespace, Name: stack.PolicyName + "-gateway"}
		eventually(t, "the Deployment is there", func() error { return kube.Get(t.Context(), key, &appsv1.Deployment{}) })
	})
	t.Run("a policy elsewhere", func(t *testing.T) {
		token := newToken("dev", "elsewhere", "outside")
		create(t, token)
		becomes(t, token, v1alpha1.ReasonPolicyNotWatched)
		isDeleted(t, token)
	})
	t.Run("a token elsewhere", func(t *testing.T) {
		said := tryOut(t, newToken("outside", "another", stack.PolicyNamespace))
		if !strings.Contains(said, "does not work on namespace outside") {
			t.Errorf("kubectl apply says %s", said)
		}
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(left), left)) // others that were declared later have been seen to
		if len(left.Finalizers) > 0 || len(left.Status.Conditions) > 0 {
			t.Errorf("have %v, %+v", left.Finalizers, left.Status)
		}
	})
	isDeleted(t, dev)
	nothingForbidden(t) // yet: the next one is without a Role for a moment
	t.Run("a namespace that comes later", func(t *testing.T) {
		createNamespaces(t, "late")
		bindRole(t, "namespaced/role.yaml", "late")
		isWorkedOn(t, "late")
	})
	t.Run("a Role that comes later", func(t *testing.T) {
		bindRole(t, "namespaced/role.yaml", "roleless")
		isWorkedOn(t, "roleless")
	})
	t.Run("a namespace that ends", func(t *testing.T) { namespaceEnds(t, "dev") })
	t.Run("a policy's namespace that ends", func(t *testing.T) { policyNamespaceEnds(t, "late") })
}

// isWorkedOn waits until a token of a namespace is issued.
func isWorkedOn(t *testing.T, namespace string) {
	t.Helper()
	label(t, namespace, "true")
	token := newToken(namespace, "t", stack.PolicyNamespace)
	create(t, token)
	becomes(t, token, v1alpha1.ReasonIssued)
}

// giveRoles takes the manager's rights in the whole cluster, and gives it those that have no form in a namespace.
func giveRoles(t *testing.T, namespaces []string) {
	t.Helper()
	must(t, kube.Delete(t.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "jira-token-operator-manager"}}))
	role := readRole[rbacv1.ClusterRole](t, "namespaced/cluster_role.yaml")
	role.Rules[0].ResourceNames = namespaces
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{managerSubject()},
	}
	create(t, role, binding)
	bindRole(t, "namespaced/own_role.yaml", managerNamespace)
}

func isDeleted(t *testing.T, token *v1alpha1.ApiToken) {
	t.Helper()
	must(t, kube.Delete(t.Context(), token))
	eventually(t, "the ApiToken is gone", func() error { return isGone(t, token) })
}

// tryOut is what kubectl says to a token that is not stored.
func tryOut(t *testing.T, token *v1alpha1.ApiToken) string {
	t.Helper()
	token.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ApiToken"}
	text, err := yaml.Marshal(token)
	must(t, err)
	said, err := local.KubectlWith(t.Context(), strings.NewReader(string(text)), "apply", "--dry-run=server", "-f", "-")
	must(t, err)
	return said
}

var forbidden = regexp.MustCompile(`(?i).*(forbidden|unknown namespace).*`)

func nothingForbidden(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(local.Manager.Log())
	must(t, err)
	if lines := forbidden.FindAll(log, 5); len(lines) > 0 {
		t.Errorf("the manager asked for what it may not: %s", lines)
	}
}
