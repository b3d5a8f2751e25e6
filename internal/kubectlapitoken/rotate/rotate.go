// SPDX-License-Identifier: Apache-2.0

package rotate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// rotate asks for, or makes, another credential of one token.
func (c *command) rotate(ctx context.Context, t *v1alpha1.ApiToken, printer printers.ResourcePrinter) error {
	changed := t.DeepCopy()
	var err error
	switch {
	case t.DeletionTimestamp != nil:
		return fmt.Errorf("ApiToken %s is being deleted", tokens.Name(t))
	case c.local.Local:
		return c.declareAnother(ctx, changed, printer)
	case t.Spec.TokenHash != "":
		return fmt.Errorf("ApiToken %s declares the hash of a token that was made elsewhere (spec.tokenHash), which the operator "+
			"can't make anew: whoever holds it makes another one (kubectl apitoken rotate %s -n %s --local), or declares its hash in "+
			"Git", tokens.Name(t), t.Name, t.Namespace)
	case c.immediately:
		err = c.deleteSecret(ctx, t)
	default:
		err = c.request(ctx, changed)
	}
	if err != nil {
		return err
	}
	return printer.PrintObj(output.Manifest(changed), c.Streams.Out)
}

func credentialID(t *v1alpha1.ApiToken) string {
	if t.Status.Credential == nil {
		return ""
	}
	return t.Status.Credential.ID
}

// request sets the annotation by which the operator makes a new credential and retires the former.
func (c *command) request(ctx context.Context, t *v1alpha1.ApiToken) error {
	when := c.Now.Now().UTC().Format(time.RFC3339Nano) // each value is handled once
	return c.patch(ctx, t, map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{v1alpha1.AnnotationRotateRequestedAt: when},
	}})
}

func (c *command) patch(ctx context.Context, t *v1alpha1.ApiToken, change map[string]any) error {
	if !c.Output.Sends() {
		return nil
	}
	encoded, err := json.Marshal(change)
	if err != nil {
		return err
	}
	if err := c.API.Patch(ctx, t, client.RawPatch(types.MergePatchType, encoded), c.Output.Patch()); err != nil {
		return cluster.Explain(err, "rotate the ApiToken "+tokens.Name(t),
			cluster.Right{Verb: "patch", Resource: "apitokens", Namespace: t.Namespace})
	}
	return nil
}

// deleteSecret has the operator issue a credential anew, which ends the former at once. It never reads the Secret's data, and
// leaves one alone that is not the token's.
func (c *command) deleteSecret(ctx context.Context, t *v1alpha1.ApiToken) error {
	name := t.SecretName()
	if t.Status.Binding != nil {
		name = t.Status.Binding.Name
	}
	right := cluster.Right{Verb: "get", Resource: "secrets", Namespace: t.Namespace}
	secret := &metav1.PartialObjectMetadata{}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := c.API.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: name}, secret); err != nil {
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("secret %s/%s, which would hold the token, does not exist: there is no credential to end (%s)",
				t.Namespace, name, stateOf(t))
		}
		return cluster.Explain(err, "look at Secret "+t.Namespace+"/"+name, right)
	}
	if secret.Labels[v1alpha1.LabelTokenUID] != string(t.UID) {
		return fmt.Errorf("secret %s/%s was not made for ApiToken %s: it is left alone", t.Namespace, name, tokens.Name(t))
	}
	if !c.Output.Sends() {
		return nil
	}
	if err := c.API.Delete(ctx, secret, client.Preconditions{UID: &secret.UID}, c.Output.Delete()); err != nil {
		right.Verb = "delete"
		return cluster.Explain(err, "delete Secret "+t.Namespace+"/"+name, right)
	}
	return nil
}

func stateOf(t *v1alpha1.ApiToken) string {
	reason, message := tokens.Reason(t)
	if reason == "" {
		return "the operator has not looked at the ApiToken yet"
	}
	return reason + ": " + message
}

// declareAnother makes a token on this machine and declares its hash in place of the former.
func (c *command) declareAnother(ctx context.Context, t *v1alpha1.ApiToken, printer printers.ResourcePrinter) error {
	act.WarnOfGit([]*v1alpha1.ApiToken{t}, c.Streams.ErrOut, "change spec.tokenHash there as well, or the former hash comes back")
	made, err := c.local.Make()
	if err != nil {
		return err
	}
	err = c.patch(ctx, t, declared(made.Hash))
	if err != nil {
		return c.local.Worthless(made, err)
	}
	t.Spec.TokenHash = made.Hash // also in a dry run of the client's
	out := c.Streams.Out
	if c.local.ToStdout() {
		out = c.Streams.ErrOut
	}
	if err := printer.PrintObj(output.Manifest(t), out); err != nil {
		return err
	}
	if !c.Output.Writes() {
		return c.local.Undeclared(made, c.Output.Format() != "", c.Streams)
	}
	return c.local.Reveal(made, c.Streams)
}

// awaitAll waits for the tokens that were asked to rotate: for all of them at most the time that is given.
func (c *command) awaitAll(ctx context.Context, asked []*v1alpha1.ApiToken) error {
	if c.Wait == 0 || !c.Output.Writes() || len(asked) == 0 {
		return nil
	}
	limit := await.For(c.Wait)
	return act.OnEach(ctx, asked, c.Streams.ErrOut, func(t *v1alpha1.ApiToken) error {
		return c.await(ctx, t, credentialID(t), limit)
	})
}

// await waits until another credential is there, or something only a person can mend is in its way.
func (c *command) await(ctx context.Context, t *v1alpha1.ApiToken, former string, limit await.Limit) error {
	active := await.Active(c.Now)
	what := "has no new credential"
	last, err := await.Until(ctx, c.API, client.ObjectKeyFromObject(t), limit, what, func(t *v1alpha1.ApiToken) (bool, error) {
		if id := credentialID(t); id != "" && id != former {
			return true, nil
		}
		_, err := active(t)
		return false, err
	})
	if code, _ := exit.CodeOf(err); code == exit.TimedOut && c.immediately {
		return exit.Errorf(exit.TimedOut, "%w; the former one may still be accepted: kubectl apitoken revoke %s -n %s --now ends it "+
			"without the operator, and the ApiToken with it", err, t.Name, t.Namespace)
	}
	if err != nil {
		return err
	}
	until := ""
	for _, r := range last.Status.Retiring {
		if r.ID == former {
			until = fmt.Sprintf("; %s is accepted until %s", former, show.Time(&r.RetiresAt))
		}
	}
	_, err = fmt.Fprintf(c.Streams.ErrOut, "ApiToken %s has credential %s%s\n", tokens.Name(t), credentialID(last), until)
	return err
}
