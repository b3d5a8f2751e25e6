// SPDX-License-Identifier: Apache-2.0

package create

import (
	"regexp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// check looks at what flags can't go together.
func (c *command) check() error {
	switch {
	case c.declared.Owner == "":
		return usage.Errorf("--owner is needed, the Jira user whom requests with the token act as")
	case len(c.declared.Scopes) == 0:
		return usage.Errorf("--scopes is needed, such as read,write; kubectl apitoken scopes lists them")
	case c.policy == "":
		return usage.Errorf("--policy is needed, as namespace/name; kubectl get tokenpolicies -A lists the policies")
	case c.local.Local && c.secretName != "":
		return usage.Errorf("--secret-name can't go with --local: the cluster never has that token")
	case c.local.Local && (c.rotationEvery != "" || c.overlap != ""):
		return usage.Errorf("--rotation-every and --overlap can't go with --local: the operator can't make that token anew; " +
			"kubectl apitoken rotate --local does")
	case c.wait < 0:
		return usage.Errorf("--wait is %s; a time above 0 is needed, such as 2m", c.wait)
	}
	return c.local.Check(!c.output.Writes() || c.output.Format() != "")
}

// object is what the flags describe.
func (c *command) object(name string) (*v1alpha1.ApiToken, error) {
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return nil, usage.Errorf("NAME is %q; lower-case letters, digits, '-' and '.' are needed, such as zapier", name)
	}
	spec, err := c.declared.Spec(c.now.Now())
	if err != nil {
		return nil, err
	}
	ref, err := usage.PolicyName(c.policy)
	if err != nil {
		return nil, err
	}
	spec.PolicyRef = v1alpha1.PolicyReference{Namespace: v1alpha1.NamespaceName(ref.Namespace), Name: ref.Name}
	if spec.Rotation, err = c.rotation(); err != nil {
		return nil, err
	}
	if c.secretName != "" {
		spec.Secret = &v1alpha1.TokenSecret{Name: c.secretName}
	}
	namespace, _, err := c.cluster.Namespace()
	if err != nil {
		return nil, err
	}
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: c.labels}, Spec: *spec,
	}, nil
}

// The bounds of the schema.
const (
	minEvery   = 10 * time.Minute
	maxEvery   = 87600 * time.Hour
	maxOverlap = 720 * time.Hour
)

var hoursMinutesSeconds = regexp.MustCompile(`^(\d{1,6}[hms])+$`)

func (c *command) rotation() (*v1alpha1.Rotation, error) {
	if c.rotationEvery == "" && c.overlap == "" {
		return nil, nil //nolint:nilnil // none is a result, not an error
	}
	r := &v1alpha1.Rotation{Every: v1alpha1.RotationPeriod(c.rotationEvery), Overlap: v1alpha1.RotationOverlap(c.overlap)}
	every, err := r.Every.Duration()
	if r.Every != "" && (err != nil || !hoursMinutesSeconds.MatchString(c.rotationEvery) || every < minEvery || every > maxEvery) {
		return nil, usage.Errorf("--rotation-every is %q; hours, minutes or seconds from 10m to 87600h (ten years) are needed, such "+
			"as 168h for a week", r.Every)
	}
	overlap, err := r.Overlap.Duration()
	if r.Overlap != "" && (err != nil || !hoursMinutesSeconds.MatchString(c.overlap) || overlap > maxOverlap) {
		return nil, usage.Errorf("--overlap is %q; hours, minutes or seconds from 0s to 720h are needed, such as 24h", r.Overlap)
	}
	if r.Every != "" && r.Overlap != "" && overlap >= every {
		return nil, usage.Errorf("--overlap is %s, and --rotation-every %s: a credential may not outlive its successor",
			r.Overlap, r.Every)
	}
	return r, nil
}
