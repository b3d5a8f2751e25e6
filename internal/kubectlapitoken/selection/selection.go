// SPDX-License-Identifier: Apache-2.0

// Package selection says which ApiTokens a command is about: by name, or by namespace, labels, owner and policy. It lists
// them in pages, as a cluster can have a hundred thousand.
package selection

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// PageSize is how many ApiTokens are asked for at once.
const PageSize = 500

// Flags are the flags that select.
type Flags struct {
	AllNamespaces           bool
	Selector, Owner, Policy string
	// Also names the further flags of a command that select, for a message: " (or with --all)".
	Also string

	cluster *cluster.Connection
}

// New makes flags for tokens of a cluster.
func New(connection *cluster.Connection) *Flags { return &Flags{cluster: connection} }

// AddFlags adds them to a command's.
func (f *Flags) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&f.AllNamespaces, "all-namespaces", "A", false, "tokens of all namespaces")
	fs.StringVarP(&f.Selector, "selector", "l", "", "only tokens with these labels, such as team=platform,stage!=test")
	fs.StringVar(&f.Owner, "owner", "", "only tokens of this Jira user")
	fs.StringVar(&f.Policy, "policy", "", "only tokens under this policy, as namespace/name")
}

// Selects tells whether any flag chooses tokens among those of a namespace.
func (f *Flags) Selects() bool { return f.Selector != "" || f.Owner != "" || f.Policy != "" }

// Selection is what the flags say.
type Selection struct {
	// Namespace to look in; empty: all.
	Namespace string
	labels    labels.Selector
	owner     string
	policy    types.NamespacedName
}

// Selection checks the flags.
func (f *Flags) Selection() (*Selection, error) {
	s := &Selection{owner: f.Owner, labels: labels.Everything()}
	namespace, explicit, err := f.cluster.Namespace()
	switch {
	case err != nil:
		return nil, err
	case f.AllNamespaces && explicit:
		return nil, usage.Errorf("-A and -n can't go together: leave one out")
	case !f.AllNamespaces:
		s.Namespace = namespace
	}
	if f.Selector != "" {
		if s.labels, err = labels.Parse(f.Selector); err != nil {
			return nil, usage.Errorf("--selector is %q; labels are needed, such as team=platform,stage!=test: %w", f.Selector, err)
		}
	}
	if f.Policy != "" {
		s.policy, err = usage.PolicyName(f.Policy)
	}
	return s, err
}

// Matches tells whether a token is of the owner and policy that are asked for. Namespace and labels, the API server has
// looked at.
func (s *Selection) Matches(t *v1alpha1.ApiToken) bool {
	if s.owner != "" && !grant.SameUser(s.owner, string(t.Spec.Owner)) {
		return false
	}
	ref := t.Spec.PolicyRef
	return s.policy.Name == "" || s.policy == types.NamespacedName{Namespace: string(ref.Namespace), Name: ref.Name}
}

// Options are what the API server is asked.
func (s *Selection) Options() *client.ListOptions {
	return &client.ListOptions{Namespace: s.Namespace, LabelSelector: s.labels}
}

// Each visits the selected tokens, by namespace and name. An error of visit ends it.
func (s *Selection) Each(ctx context.Context, api client.Client, visit func(*v1alpha1.ApiToken) error) error {
	options := s.Options()
	options.Limit = PageSize
	for {
		list := &v1alpha1.ApiTokenList{} // a new one: visitors keep what they like
		switch err := api.List(ctx, list, options); {
		case err == nil:
		case goesOn(err) != "":
			options.Continue = goesOn(err)
			continue
		default:
			return cluster.Explain(err, "list ApiTokens", cluster.Right{
				Verb: "list", Resource: "apitokens", Namespace: s.Namespace,
			})
		}
		for i := range list.Items {
			if !s.Matches(&list.Items[i]) {
				continue
			}
			if err := visit(&list.Items[i]); err != nil {
				return err
			}
		}
		if options.Continue = list.Continue; options.Continue == "" {
			return nil
		}
	}
}

// goesOn is where to go on with a list that took so long that the API server has forgotten its beginning (410 Gone); empty:
// that was not the matter. What is listed from there on is as it is now.
func goesOn(err error) string {
	var status apierrors.APIStatus
	if apierrors.IsResourceExpired(err) && errors.As(err, &status) {
		return status.Status().Continue
	}
	return ""
}

// All are the selected tokens.
func (s *Selection) All(ctx context.Context, api client.Client) (all []*v1alpha1.ApiToken, err error) {
	err = s.Each(ctx, api, func(t *v1alpha1.ApiToken) error {
		all = append(all, t)
		return nil
	})
	return all, err
}

// Get reads one token.
func Get(ctx context.Context, api client.Client, key client.ObjectKey) (*v1alpha1.ApiToken, error) {
	t := &v1alpha1.ApiToken{}
	if err := api.Get(ctx, key, t); err != nil {
		return nil, cluster.Explain(err, fmt.Sprintf("read the ApiToken %s (-n names its namespace)", key),
			cluster.Right{Verb: "get", Resource: "apitokens", Namespace: key.Namespace})
	}
	return t, nil
}
