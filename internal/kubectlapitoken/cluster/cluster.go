// SPDX-License-Identifier: Apache-2.0

// Package cluster is the cluster that kubectl's flags and kubeconfig name, as the commands of the plugin see it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// FieldManager is what the plugin writes objects as. It must not begin with kubectl: Flux takes fields of such managers
// over, and drops them.
const FieldManager = "apitoken-plugin"

// Connection is a cluster that nothing was asked of yet.
type Connection struct {
	flags  *genericclioptions.ConfigFlags
	errOut io.Writer
}

// New makes a connection out of kubectl's flags, to be parsed before it is used. Warnings of the API server go to errOut.
func New(flags *genericclioptions.ConfigFlags, errOut io.Writer) *Connection {
	return &Connection{flags: flags, errOut: errOut}
}

// Namespace is that of -n, or else of the kubeconfig's context, or else "default"; explicit tells that it was -n.
func (c *Connection) Namespace() (name string, explicit bool, err error) {
	name, explicit, err = c.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", false, fmt.Errorf("read the namespace out of the kubeconfig: %w", err)
	}
	return name, explicit, nil
}

// ImpersonatedUser is that of --as and --as-group; nil: there is none.
func (c *Connection) ImpersonatedUser() *grant.Requester {
	if *c.flags.Impersonate == "" {
		return nil
	}
	return &grant.Requester{User: *c.flags.Impersonate, UID: *c.flags.ImpersonateUID, Groups: *c.flags.ImpersonateGroup}
}

// Scheme knows the kinds that the plugin reads and writes, and those beside them.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(corev1.AddToScheme(scheme), authenticationv1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
}

// RESTConfig is how to speak to the cluster.
func (c *Connection) RESTConfig() (*rest.Config, error) {
	config, err := c.flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	return config, nil
}

// Client speaks to the cluster.
func (c *Connection) Client() (client.WithWatch, error) {
	return c.ClientWarning(rest.NewWarningWriter(c.errOut, rest.WarningWriterOptions{Deduplicate: true}))
}

// ClientWarning is a client whose warnings go elsewhere.
func (c *Connection) ClientWarning(warned rest.WarningHandler) (client.WithWatch, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	if config.QPS == 0 {
		config.QPS = -1 // the API server itself says when it is too much
	}
	config.WarningHandler = warned
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	return client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper()})
}

// mapper knows the kinds that the plugin reads and writes. Without it, each command would first ask the API server which
// kinds there are, and an error of that would hide the one that matters.
func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []string{"ApiToken", "TokenPolicy", "TokenApproval"} {
		m.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	m.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	m.Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
	m.Add(corev1.SchemeGroupVersion.WithKind("Event"), meta.RESTScopeNamespace)
	m.Add(corev1.SchemeGroupVersion.WithKind("Namespace"), meta.RESTScopeRoot)
	m.Add(authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"), meta.RESTScopeRoot)
	return m
}

// WhoAmI asks the API server whom it takes this client for.
func WhoAmI(ctx context.Context, c client.Client) (*grant.Requester, error) {
	var review authenticationv1.SelfSubjectReview
	if err := c.Create(ctx, &review); err != nil {
		return nil, fmt.Errorf("ask the API server who you are: %w", err)
	}
	user := review.Status.UserInfo
	return &grant.Requester{User: user.Username, UID: user.UID, Groups: user.Groups}, nil
}
