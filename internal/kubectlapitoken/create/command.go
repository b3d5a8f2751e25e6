// SPDX-License-Identifier: Apache-2.0

// Package create is the command `kubectl apitoken create`: it declares an ApiToken. Its files: the object that the flags
// describe (object), a token that is made on this machine (local), and the help.
package create

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/declare"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/localtoken"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	declared declare.Flags
	local    localtoken.Flags

	policy, rotationEvery, overlap, secretName string
	labels                                     map[string]string
	wait                                       time.Duration
	output                                     *output.Flags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	now     clock.PassiveClock
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{cluster: connection, streams: streams, now: now, output: output.New("created")}
	cmd := &cobra.Command{
		Use:                   "create NAME --owner USER --policy NAMESPACE/NAME --scopes SCOPES [--local] [--wait] [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "Declare a token, or print its manifest for Git",
		Long:                  long,
		Example:               examples,
		Args:                  usage.OneArgument("the ApiToken to create"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
		ValidArgsFunction:     cobra.NoFileCompletions,
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&c.policy, "policy", "", "policy that stands for the Jira the token is for, as namespace/name")
	c.declared.AddFlags(fs)
	fs.StringVar(&c.rotationEvery, "rotation-every", "", "age at which the credential is replaced by a new one, such as 168h")
	fs.StringVar(&c.overlap, "overlap", "", "how long a replaced credential is still accepted, such as 24h")
	fs.StringVar(&c.secretName, "secret-name", "", "Secret that the token is written to; default: the ApiToken's name")
	fs.StringToStringVar(&c.labels, "labels", nil, "labels of the ApiToken, such as team=platform,stage=test")
	fs.Lookup("labels").DefValue = ""
	c.local.AddFlags(fs)
	await.AddFlag(fs, &c.wait, "wait until the token works, or say why it won't")
	c.output.AddFlags(cmd, "create")
	declare.AddCompletion(cmd)
	complete.Flag(cmd, "policy", complete.Policies(connection))
	return cmd
}

func (c *command) run(ctx context.Context, name string) error {
	printer, err := c.output.Printer()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	object, err := c.object(name)
	if err != nil {
		return err
	}
	var made *localtoken.Made
	if c.local.Local {
		if made, err = c.local.Make(); err != nil {
			return err
		}
		object.Spec.TokenHash = made.Hash
	}
	stored := object.DeepCopy()
	api, err := c.send(ctx, stored)
	if err != nil {
		return c.local.Worthless(made, err)
	}
	shown := stored
	if !c.output.Writes() {
		shown = object // a manifest for Git, without what the API server adds
	}
	out := c.streams.Out
	if made != nil && c.local.ToStdout() {
		out = c.streams.ErrOut
	}
	if err := printer.PrintObj(output.Manifest(shown), out); err != nil {
		return err
	}
	if !c.output.Writes() {
		return c.local.Undeclared(made, c.output.Format() != "", c.streams)
	}
	if err := c.local.Reveal(made, c.streams); err != nil {
		return err
	}
	return c.await(ctx, api, stored)
}

// send creates the object, unless it is a dry run of the client's.
func (c *command) send(ctx context.Context, object *v1alpha1.ApiToken) (client.Client, error) {
	if !c.output.Sends() {
		return nil, nil //nolint:nilnil // nobody was asked
	}
	api, err := c.cluster.Client()
	if err != nil {
		return nil, err
	}
	err = api.Create(ctx, object, c.output.Create())
	if apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("ApiToken %s exists: change it with kubectl edit or in Git, or choose another name", tokens.Name(object))
	}
	if err != nil {
		return nil, cluster.Explain(err, "create the ApiToken "+tokens.Name(object),
			cluster.Right{Verb: "create", Resource: "apitokens", Namespace: object.Namespace})
	}
	return api, nil
}

func (c *command) await(ctx context.Context, api client.Client, t *v1alpha1.ApiToken) error {
	if c.wait == 0 || !c.output.Writes() {
		return nil
	}
	last, err := await.Until(ctx, api, client.ObjectKeyFromObject(t), await.For(c.wait), "does not work yet", await.Active(c.now))
	if err != nil {
		return err
	}
	where := "the gateway accepts it"
	if last.Status.Binding != nil {
		where = "Secret " + last.Status.Binding.Name + " holds it"
	}
	_, err = fmt.Fprintf(c.streams.ErrOut, "ApiToken %s is active: %s\n", tokens.Name(t), where)
	return err
}
