// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// restored finds the tokens that the manager's audit trail says were revoked, and that a restored backup of the cluster has
// brought back. It names as well what else was undone, which only a person can judge.
func (c *command) restored(ctx context.Context) (back []*v1alpha1.ApiToken, err error) {
	h := &history{tokens: map[string]*life{}, policies: map[string]*life{}}
	for _, name := range c.revokedIn {
		if err := h.read(name, c.Streams.In); err != nil {
			return nil, err
		}
	}
	selected, err := c.everywhere()
	if err != nil {
		return nil, err
	}
	policies, err := c.restoredPolicies(ctx, h, selected.Namespace)
	if err != nil {
		return nil, err
	}
	var says []string
	var newest time.Time
	err = selected.Each(ctx, c.API, func(t *v1alpha1.ApiToken) error {
		if t.CreationTimestamp.After(newest) {
			newest = t.CreationTimestamp.Time
		}
		l := h.tokens[string(t.UID)]
		switch {
		case l == nil:
		case l.end != nil:
			back = append(back, t)
			says = append(says, fmt.Sprintf("ApiToken %s of %s was revoked at %s (%s), and is back", tokens.Name(t),
				oneline.Printable(string(t.Spec.Owner)), at(l.end), why(l.end)))
		default:
			for _, undone := range l.undone(t, c.Now.Now(), policies[tokens.PolicyName(t)]) {
				c.leave("ApiToken " + tokens.Name(t) + " is left as it is: " + undone)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.Streams.ErrOut, "The trail has %s from %s to %s, and tells of %s that ended; %s.\n", show.Count(h.lines, "line"),
		oneline.Printable(h.first), oneline.Printable(h.last), show.Count(h.ends(), "token"), backAgain(len(back)))
	if len(says) > 0 {
		fmt.Fprintln(c.Streams.ErrOut, strings.Join(says, "\n"))
	}
	c.doubt(h, newest)
	return back, nil
}

// doubt tells of a trail that may lack what ended after the backup: the backup is at least as young as the newest ApiToken in it.
func (c *command) doubt(h *history, newest time.Time) {
	if first, err := time.Parse(time.RFC3339, h.first); err == nil && !newest.IsZero() && first.After(newest) {
		c.leave(fmt.Sprintf("the trail begins after the newest ApiToken was declared (%s), so that tokens may have been revoked "+
			"before it: give it the older lines too, such as those of kubectl logs --previous", newest.UTC().Format(time.RFC3339)))
	}
}

func backAgain(n int) string {
	if n == 0 {
		return "none is back"
	}
	return fmt.Sprintf("%d of them back", n)
}

// ends is how many tokens were revoked.
func (h *history) ends() (n int) {
	for _, l := range h.tokens {
		if l.end != nil {
			n++
		}
	}
	return n
}

// restoredPolicies names the policies that are older than the trail tells, as far as one may read them, and tells since when
// what each refused is undone.
func (c *command) restoredPolicies(ctx context.Context, h *history, namespace string) (since map[string]string, err error) {
	var policies v1alpha1.TokenPolicyList
	if namespace != "" { // of -n, which has no policy
		return nil, nil //nolint:nilnil // none
	}
	if err := c.API.List(ctx, &policies); err != nil {
		if apierrors.IsForbidden(err) {
			_, err = fmt.Fprintln(c.Streams.ErrOut, "Note: you may not list tokenpolicies: whether a policy is older than the trail "+
				"tells is not known")
			return nil, err
		}
		return nil, cluster.Explain(err, "list the policies", cluster.Right{Verb: "list", Resource: "tokenpolicies"})
	}
	since = map[string]string{}
	for i := range policies.Items {
		p := &policies.Items[i]
		l := h.policies[string(p.UID)]
		if l == nil {
			continue
		}
		if undone := l.undonePolicy(p); undone != "" {
			c.leave(fmt.Sprintf("TokenPolicy %s/%s is left as it is: %s", p.Namespace, p.Name, undone))
			since[p.Namespace+"/"+p.Name] = justBefore(l.newest)
		}
	}
	return since, nil
}

// leave names what this command leaves.
func (c *command) leave(what string) {
	fmt.Fprintf(c.Streams.ErrOut, "Warning: %s\n", what)
	c.rest++
}
