// SPDX-License-Identifier: Apache-2.0

// Package suspend is the commands `kubectl apitoken suspend` and `resume`: they refuse tokens for a while.
package suspend

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

type command struct {
	act.Command

	suspend bool
}

// NewSuspendCommand makes the command that refuses tokens.
func NewSuspendCommand(
	connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock,
) *cobra.Command {
	c := &command{Command: act.New(connection, streams, now, "suspended"), suspend: true}
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
	c := &command{Command: act.New(connection, streams, now, "resumed")}
	return c.command(&cobra.Command{
		Use:     "resume (NAME... | -l SELECTOR | --owner USER | --policy NAMESPACE/NAME) [--wait] [flags]",
		Short:   "Let suspended tokens work again",
		Long:    longResume,
		Example: examplesResume,
	})
}

func (c *command) command(cmd *cobra.Command) *cobra.Command {
	words := act.Words{Wait: "wait until the operator has done it", Yes: ", where tokens are selected", DryRun: "change"}
	differs := func(t *v1alpha1.ApiToken) bool { return t.Spec.Suspend != c.suspend }
	return c.Complete(cmd, words, differs, nil, c.run)
}

func (c *command) run(ctx context.Context, names []string) error {
	if err := c.Selection.CheckTargets(names); err != nil {
		return err
	}
	printer, err := c.Connect()
	if err != nil {
		return err
	}
	targets, err := c.Selection.Targets(ctx, c.API, names)
	if err != nil {
		return err
	}
	act.WarnOfGit(targets, c.Streams.ErrOut, "if spec.suspend is declared there, it changes it back; change it there as well")
	if len(names) == 0 && c.Output.Writes() {
		verb := map[bool]string{true: "Suspend", false: "Resume"}[c.suspend]
		if err := c.Ask.Confirm(fmt.Sprintf("%s %s?", verb, show.Count(len(targets), "token")), "nothing was changed"); err != nil {
			return err
		}
	}
	return act.OnEach(ctx, targets, c.Streams.ErrOut, func(t *v1alpha1.ApiToken) error { return c.set(ctx, t, printer) })
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
	if c.Output.Sends() {
		if err := c.API.Patch(ctx, t, client.RawPatch(types.MergePatchType, encoded), c.Output.Patch()); err != nil {
			return cluster.Explain(err, "change spec.suspend of the ApiToken "+tokens.Name(t),
				cluster.Right{Verb: "patch", Resource: "apitokens", Namespace: t.Namespace})
		}
	}
	if err := printer.PrintObj(output.Manifest(t), c.Streams.Out); err != nil {
		return err
	}
	return c.await(ctx, t)
}

func (c *command) await(ctx context.Context, t *v1alpha1.ApiToken) error {
	if c.Wait == 0 || !c.Output.Writes() {
		return nil
	}
	done, what := await.Active(c.Now), "does not work again"
	if c.suspend {
		what = "is not suspended yet"
		done = func(t *v1alpha1.ApiToken) (bool, error) {
			active := tokens.Condition(t, v1alpha1.ConditionActive)
			return t.Status.ObservedGeneration == t.Generation && active != nil && active.Status != metav1.ConditionTrue, nil
		}
	}
	_, err := await.Until(ctx, c.API, client.ObjectKeyFromObject(t), await.For(c.Wait), what, done)
	return err
}
