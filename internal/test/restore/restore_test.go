// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// past is what there was before the backup, and what was done since.
type past struct {
	kept, revoked, own, ended, leaked, suspended, denied *one
	// rotated was replaced since, rotating was about to be when the cluster went, begun was when the backup was taken.
	rotated, rotating, begun *one
	// later was declared since.
	later *one
	// never are tokens that the backup does not have.
	never map[string]string
}

// happen makes a past, and takes the backup amid it. The cluster is left stopped.
func happen(t *testing.T, prefix string) (p *past, file string) {
	t.Helper()
	p = &past{
		kept: declare(t, prefix+"-kept"), revoked: declare(t, prefix+"-revoked"), leaked: declare(t, prefix+"-leaked"),
		own: declareOwn(t, prefix+"-own"), ended: declareOwn(t, prefix+"-ended"),
		suspended: declare(t, prefix+"-suspended"), denied: declare(t, prefix+"-denied"),
		rotated: declare(t, prefix+"-rotated"), rotating: declare(t, prefix+"-rotating"), begun: declare(t, prefix+"-begun"),
	}
	for amid := false; !amid; {
		former := inSecret(t, p.begun)
		beginRotation(t, p.begun)
		file = backup(t)
		amid = inSecret(t, p.begun) == former // or it was written before the backup was
	}
	former := inSecret(t, p.begun)
	eventually(t, "what was begun is done", func() bool { return inSecret(t, p.begun) != former })

	p.never = map[string]string{"the one that was begun": inSecret(t, p.begun), "the rotated one": rotate(t, p.rotated)}
	must(t, kube.Delete(t.Context(), p.revoked.ApiToken))
	must(t, kube.Delete(t.Context(), p.own.ApiToken))
	ends(t, "the revoked one", p.revoked.plaintext)
	ends(t, "the revoked one that was made elsewhere", p.own.plaintext)
	must(t, kube.DeleteAllOf(t.Context(), &corev1.Secret{}, client.InNamespace(stack.PolicyNamespace),
		client.MatchingLabels{v1alpha1.LabelTokenUID: string(p.ended.UID)}))
	isBecause(t, p.ended, v1alpha1.ReasonHashRevoked)
	must(t, kube.Delete(t.Context(), &corev1.Secret{ObjectMeta: p.leaked.ObjectMeta}))
	ends(t, "the leaked one", p.leaked.plaintext)
	p.never["the one in place of the leaked one"] = inSecret(t, p.leaked)
	edit(t, p.suspended, func(a *v1alpha1.ApiToken) { a.Spec.Suspend = true })
	isBecause(t, p.suspended, v1alpha1.ReasonSuspended)
	editPolicy(t, func(policy *v1alpha1.TokenPolicy) {
		policy.Spec.Deny = &v1alpha1.Deny{Tokens: []v1alpha1.DeniedToken{v1alpha1.DeniedToken(tokenNamespace + "/" + p.denied.Name)}}
	})
	isBecause(t, p.denied, v1alpha1.ReasonDenied)
	p.later = declare(t, prefix+"-later")
	p.never["the later one"] = p.later.plaintext
	beginRotation(t, p.rotating)
	stopCluster(t)
	return p, file
}

// isBack checks what must hold once the API server is back.
func (p *past) isBack(t *testing.T) {
	t.Helper()
	began := time.Now()
	for what, plaintext := range p.never {
		ends(t, what, plaintext)
	}
	t.Logf("what the backup does not have is refused %s after the API server was back", time.Since(began).Round(time.Millisecond))
	// What was revoked since and is in the backup is back: nobody can know better.
	for _, o := range []*one{p.kept, p.revoked, p.own, p.ended, p.leaked, p.suspended, p.denied} {
		works(t, o.Name, o.plaintext)
	}
	for _, o := range []*one{p.kept, p.revoked, p.leaked, p.rotated, p.rotating, p.begun} {
		settles(t, o)
	}
	for what, plaintext := range p.never { // nothing that the manager remembers has brought one back
		if got := status(t.Context(), plaintext); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, got)
		}
	}
	for _, o := range []*one{p.rotated, p.rotating, p.begun} {
		rotate(t, o)
		settles(t, o)
	}
	again := declare(t, p.later.Name) // as Git does
	if again.UID == p.later.UID || again.plaintext == p.later.plaintext {
		t.Error("what was declared anew has the former credential")
	}
	settles(t, again)
}

// revokeAgain checks that the plugin ends what was revoked, names what else was undone, and leaves the rest alone.
func (p *past) revokeAgain(t *testing.T) {
	t.Helper()
	command := []string{"apitoken", "revoke", "--revoked-in", trail, "--yes", "--wait"}
	said, err := local.Kubectl(t.Context(), command...)
	if err == nil || !strings.Contains(said, "more was undone than this command does again") {
		t.Errorf("%v: %s", err, said)
	}
	for _, o := range []*one{p.revoked, p.own} {
		if !strings.Contains(said, "apitoken.jiratokens.io/"+o.Name+" revoked\n") {
			t.Errorf("%s is not said to be revoked: %s", o.Name, said)
		}
		if got := status(t.Context(), o.plaintext); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", o.Name, got)
		}
	}
	for _, o := range []*one{p.suspended, p.denied, p.ended, p.leaked} {
		if !strings.Contains(said, "ApiToken "+tokenNamespace+"/"+o.Name+" is left as it is: ") {
			t.Errorf("%s is not named: %s", o.Name, said)
		}
		works(t, o.Name, o.plaintext)
	}
	if !strings.Contains(said, "TokenPolicy "+stack.PolicyNamespace+"/"+stack.PolicyName+" is left as it is: ") {
		t.Errorf("the policy is not named: %s", said)
	}
	for _, o := range []*one{p.kept, p.later, p.rotated, p.rotating, p.begun} {
		if strings.Contains(said, tokenNamespace+"/"+o.Name+" ") {
			t.Errorf("%s is named: %s", o.Name, said)
		}
		settles(t, &one{ApiToken: current(t, o)})
	}
	if said, err = local.Kubectl(t.Context(), command...); !strings.Contains(said, "none is back") {
		t.Errorf("%v: %s", err, said)
	}
}

// current is the ApiToken that has the name now.
func current(t *testing.T, o *one) *v1alpha1.ApiToken {
	t.Helper()
	now := &v1alpha1.ApiToken{}
	must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(o.ApiToken), now))
	return now
}

// use sends requests with a token until the test says stop, and counts those that fail.
func use(t *testing.T, plaintext string) (stop func() (sent, failed int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var sent, failed int
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			got := status(ctx, plaintext)
			if ctx.Err() != nil {
				return
			}
			sent++
			if got != http.StatusOK {
				failed++
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() (int, int) { cancel(); done.Wait(); return sent, failed }
}

// TestProcessesRunThroughARestore: the manager and the gateway never end, and nothing that they remember does harm.
func TestProcessesRunThroughARestore(t *testing.T) {
	p, file := happen(t, "running")
	stop := use(t, p.kept.plaintext)
	startCluster(t, file)
	p.isBack(t)
	p.revokeAgain(t)
	if sent, failed := stop(); failed > 0 || sent < 10 {
		t.Errorf("%d of %d requests with a token that was not touched failed", failed, sent)
	}
	if local.Manager.Ended() || local.Gateway.Ended() {
		t.Error("a process has ended")
	}
}

// TestProcessesStartAfterARestore: with the gateway's snapshot and the manager's Lease of before.
func TestProcessesStartAfterARestore(t *testing.T) {
	local.Manager.Stop()
	local.ManagerArgs = slices.DeleteFunc(local.ManagerArgs, func(arg string) bool { return arg == withoutLease })
	must(t, local.StartManager(context.WithoutCancel(t.Context())))
	p, file := happen(t, "restarted")
	local.Manager.Kill()
	local.Gateway.Kill()
	must(t, local.RestartGateway(context.WithoutCancel(t.Context())))
	for what, plaintext := range p.never {
		if got := status(t.Context(), plaintext); got != http.StatusOK && what != "the one in place of the leaked one" {
			t.Errorf("%s without the API server, from the snapshot: %d", what, got)
		}
	}
	startCluster(t, file)
	must(t, local.StartManager(context.WithoutCancel(t.Context())))
	p.isBack(t)
	p.revokeAgain(t)
}
