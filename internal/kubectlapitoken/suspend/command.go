// SPDX-License-Identifier: Apache-2.0

// Package suspend is the commands `kubectl apitoken suspend` and `resume`: they refuse tokens for a while.
package suspend

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	suspend   bool
	selection *selection.Flags
	wait      time.Duration
	output    *output.Flags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	ask     *ask.Asker
	now     clock.PassiveClock
	api     client.Client
}

// NewSuspendCommand makes the command that refuses tokens.
func NewSuspendCommand(
	connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock,
) *cobra.Command {
	c := &command{suspend: true, output: output.New("suspended"), cluster: connection, streams: streams, now: now}
	return c.command(&cobra.Command{
		Use:     "suspend (NAME... | -l SELECTOR | --owner USER | --policy NAMESPACE/NAME) [--wait] [flags]",
		Short:   "Refuse tokens for a while",
		Long:    longSuspend,
		Example: examplesSuspend,
	})
}

// NewResumeCommand makes the command that lets them work again.
func NewResumeCommand(
	connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock,
) *cobra.Command {
	c := &command{output: output.New("resumed"), cluster: connection, streams: streams, now: now}
	return c.command(&cobra.Command{
		Use:     "resume (NAME... | -l SELECTOR | --owner USER | --policy NAMESPACE/NAME) [--wait] [flags]",
		Short:   "Let suspended tokens work again",
		Long:    longResume,
		Example: examplesResume,
	})
}

func (c *command) command(cmd *cobra.Command) *cobra.Command {
	c.selection, c.ask = selection.New(c.cluster), ask.New(c.streams)
	cmd.DisableFlagsInUseLine = true
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) }
	cmd.ValidArgsFunction = complete.Tokens(c.cluster, true, func(t *v1alpha1.ApiToken) bool { return t.Spec.Suspend != c.suspend })
	fs := cmd.Flags()
	fs.SortFlags = false
	c.selection.AddFlags(fs)
	await.AddFlag(fs, &c.wait, "wait until the operator has done it")
	fs.BoolVarP(&c.ask.Yes, "yes", "y", false, "do not ask first, where tokens are selected; needed where there is no terminal")
	c.output.AddFlags(cmd, "change")
	complete.Flag(cmd, "policy", complete.Policies(c.cluster))
	return cmd
}

func (c *command) run(ctx context.Context, names []string) error {
	if err := c.selection.CheckTargets(names); err != nil {
		return err
	}
	if c.wait < 0 {
		return usage.Errorf("--wait is %s; a time above 0 is needed, such as 2m", c.wait)
	}
	printer, err := c.output.Printer()
	if err != nil {
		return err
	}
	if c.api, err = c.cluster.Client(); err != nil {
		return err
	}
	targets, err := c.selection.Targets(ctx, c.api, names)
	if err != nil {
		return err
	}
	act.WarnOfGit(targets, c.streams.ErrOut, "if spec.suspend is declared there, it changes it back; change it there as well")
	if len(names) == 0 && c.output.Writes() {
		verb := map[bool]string{true: "Suspend", false: "Resume"}[c.suspend]
		if err := c.ask.Confirm(fmt.Sprintf("%s %s?", verb, show.Count(len(targets), "token")), "nothing was changed"); err != nil {
			return err
		}
	}
	return act.OnEach(ctx, targets, c.streams.ErrOut, func(t *v1alpha1.ApiToken) error { return c.set(ctx, t, printer) })
}

// set changes spec.suspend. Doing it again changes nothing.
func (c *command) set(ctx context.Context, t *v1alpha1.ApiToken, printer printers.ResourcePrinter) error {
	change := map[string]any{"spec": map[string]any{"suspend": nil}}
	if c.suspend {
		change["spec"] = map[string]any{"suspend": true}
	}
	encoded, err := json.Marshal(change)
	if err != nil {
		return err
	}
	t.Spec.Suspend = c.suspend
	if c.output.Sends() {
		if err := c.api.Patch(ctx, t, client.RawPatch(types.MergePatchType, encoded), c.output.Patch()); err != nil {
			return cluster.Explain(err, "change spec.suspend of the ApiToken "+tokens.Name(t),
				cluster.Right{Verb: "patch", Resource: "apitokens", Namespace: t.Namespace})
		}
	}
	if err := printer.PrintObj(output.Manifest(t), c.streams.Out); err != nil {
		return err
	}
	return c.await(ctx, t)
}

func (c *command) await(ctx context.Context, t *v1alpha1.ApiToken) error {
	if c.wait == 0 || !c.output.Writes() {
		return nil
	}
	done, what := await.Active(c.now), "does not work again"
	if c.suspend {
		what = "is not suspended yet"
		done = func(t *v1alpha1.ApiToken) (bool, error) {
			active := tokens.Condition(t, v1alpha1.ConditionActive)
			return t.Status.ObservedGeneration == t.Generation && active != nil && active.Status != metav1.ConditionTrue, nil
		}
	}
	_, err := await.Until(ctx, c.api, client.ObjectKeyFromObject(t), await.For(c.wait), what, done)
	return err
}
