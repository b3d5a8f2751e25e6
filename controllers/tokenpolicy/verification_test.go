// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const jiraBase = "https://jira.example/jira"

// probe is one Jira, one policy, and a Verifier that runs when a test asks.
type probe struct {
	*testing.T

	jira     *jiratest.Server
	clock    *clocktesting.FakePassiveClock
	policy   *v1alpha1.TokenPolicy
	verifier *tokenpolicy.Verifier
	registry *prometheus.Registry
}

// newProbe has the users probe, alice and bob, and a policy that impersonates as edit says.
func newProbe(t *testing.T, edit func(*probe)) *probe {
	t.Helper()
	p := &probe{T: t, clock: clocktesting.NewFakePassiveClock(time.Now()), registry: prometheus.NewRegistry()}
	p.jira = jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: jiraBase, Now: p.clock.Now})
	for _, name := range []string{"probe", "alice", "bob"} {
		p.jira.AddUser(jiratest.User{Name: name, Permissions: jiratest.Browse})
	}
	p.policy = newPolicy(plane.Namespace(t), func(policy *v1alpha1.TokenPolicy) {
		policy.Spec.Jira = v1alpha1.JiraEndpoint{URL: v1alpha1.HTTPURL(p.jira.URL()), PublicURL: jiraBase}
	})
	edit(p)
	create(t, p.policy)
	p.verifier = &tokenpolicy.Verifier{
		Client: under.Client, Live: under.Live, Clock: p.clock, Registerer: p.registry,
	}
	p.verifier.Prepare(under)
	return p
}

func (p *probe) secret(name string, data map[string][]byte, labels ...string) *corev1.Secret {
	p.Helper()
	s := labelled(data)
	s.Namespace, s.Name = p.policy.Namespace, name
	for _, label := range labels {
		s.Labels[label] = v1alpha1.CredentialOwnerToken
	}
	return create(p.T, s)
}

func (p *probe) ownerToken(owner, token string) *corev1.Secret {
	p.Helper()
	return p.secret("pat-"+strings.ToLower(owner), map[string][]byte{"owner": []byte(owner), "token": []byte(token + "\n")}, v1alpha1.LabelCredential)
}

func (p *probe) run() time.Duration {
	p.Helper()
	result, err := p.verifier.Reconcile(p.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p.policy)})
	if err != nil {
		p.Fatal(err)
	}
	return result.RequeueAfter
}

// expect lets time go by, and reconciles until the condition is as wanted.
func (p *probe) expect(after time.Duration, status metav1.ConditionStatus, reason, message string) {
	p.Helper()
	p.clock.SetTime(p.clock.Now().Add(after))
	eventually(p.T, func() error {
		p.clock.SetTime(p.clock.Now().Add(2 * time.Second)) // the cache hears of what changed
		p.run()
		if err := k8s.Get(p.Context(), client.ObjectKeyFromObject(p.policy), p.policy); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.policy.Status.Conditions, v1alpha1.ConditionImpersonationVerified)
		if c == nil || c.Status != status || c.Reason != reason || !strings.Contains(c.Message, message) {
			return fmt.Errorf("want %s (%s) %q, have %+v", status, reason, message, c)
		}
		return nil
	})
}

func (p *probe) ready(status metav1.ConditionStatus, reason string) metav1.Condition {
	p.Helper()
	return expectCondition(p.T, p.policy, v1alpha1.ConditionReady, status, reason)
}

func byHeader(p *probe) {
	p.jira.SetTrustedHeader("X-Forwarded-User", "X-Gateway-Secret", "s3cret")
	header(p.policy)
	p.policy.Spec.Impersonation.VerifyAs = "Probe"
	p.secret("ref", map[string][]byte{"secret": []byte("s3cret\n")})
}

func byOAuth(p *probe) {
	key := rsaKey(p.T, 2048)
	p.jira.SetOAuthConsumer("jiratokens", &key.PublicKey)
	oauth(p.policy)
	p.policy.Spec.Impersonation.VerifyAs = "probe"
	p.secret("ref", map[string][]byte{"tls.key": pkcs8(p.T, key)})
}

func byAccount(p *probe) {
	serviceAccount(p.policy)
	p.policy.Spec.Impersonation.ServiceAccount.Username = "alice"
	p.secret("ref", map[string][]byte{"token": []byte(p.jira.AddPAT("alice"))})
}

func byClientCredentials(p *probe) {
	serviceAccountOAuth2(p.policy)
	p.policy.Spec.Impersonation.ServiceAccount.Username = "alice"
	p.jira.PutServiceAccount(jiratest.ServiceAccount{ClientID: "client", ClientSecret: "s3cret", User: "alice"})
	p.secret("ref", map[string][]byte{"client_id": []byte("client\n"), "client_secret": []byte("s3cret\n")})
}

func byOwners(p *probe) { p.ownerToken("alice", p.jira.AddPAT("alice")) }

// Jira takes the requests for the users' in each way, then it does not, and then it can't be asked.
func TestImpersonationIsVerifiedInEachWay(t *testing.T) {
	for name, way := range map[string]struct {
		setup   func(*probe)
		breakIt func(*probe)
	}{
		"oauth":          {byOAuth, func(p *probe) { p.jira.SetOAuthConsumer("jiratokens", nil) }},
		"header":         {byHeader, func(p *probe) { p.jira.SetTrustedHeader("X-Forwarded-User", "X-Gateway-Secret", "another") }},
		"serviceAccount": {byAccount, func(p *probe) { p.jira.Fault(jiratest.Fault{Status: http.StatusUnauthorized}) }},
		"serviceAccount, client credentials": {byClientCredentials, func(p *probe) {
			p.jira.PutServiceAccount(jiratest.ServiceAccount{ClientID: "client", ClientSecret: "another", User: "alice"})
		}},
		"serviceAccount, of another": {byClientCredentials, func(p *probe) {
			p.jira.PutServiceAccount(jiratest.ServiceAccount{ClientID: "client", ClientSecret: "s3cret", User: "bob"})
		}},
		"ownerTokens": {byOwners, func(p *probe) { p.jira.Fault(jiratest.Fault{As: "bob"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProbe(t, way.setup)
			makeAvailable(t, p.policy, 1)
			p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "Jira took")
			p.ready(metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)

			remove := p.jira.Fault(jiratest.Fault{Status: http.StatusServiceUnavailable, OmitUserName: true})
			p.expect(11*time.Minute, metav1.ConditionUnknown, v1alpha1.ReasonVerificationImpossible, "status 503")
			p.ready(metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
			remove()

			way.breakIt(p)
			p.expect(11*time.Minute, metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused, "")
			p.ready(metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused)
			if !meta.IsStatusConditionTrue(p.policy.Status.Conditions, v1alpha1.ConditionStalled) {
				t.Errorf("a person must act: %+v", p.policy.Status.Conditions)
			}
			if text, _ := json.Marshal(p.policy.Status); strings.Contains(string(text), "s3cret") {
				t.Errorf("the status has a secret in it: %s", text)
			}
			p.jira.Fault(jiratest.Fault{Status: http.StatusServiceUnavailable, OmitUserName: true})
			p.expect(11*time.Minute, metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused, "")
		})
	}
}

// TestAHeaderThatAnybodyCanSend: the shared secret is worth nothing if Jira does not ask for it.
func TestAHeaderThatAnybodyCanSend(t *testing.T) {
	p := newProbe(t, byHeader)
	makeAvailable(t, p.policy, 1)
	p.jira.BelieveHeader("X-Forwarded-User")
	p.expect(0, metav1.ConditionFalse, v1alpha1.ReasonHeaderBelievedFromAnybody, "whoever reaches Jira can be anybody")
	p.ready(metav1.ConditionFalse, v1alpha1.ReasonHeaderBelievedFromAnybody)
	for _, r := range p.jira.Received() {
		if r.Header.Get("X-Gateway-Secret") == "" && r.User != "probe" {
			t.Errorf("asked as %q", r.User)
		}
	}
	p.jira.SetTrustedHeader("X-Forwarded-User", "X-Gateway-Secret", "s3cret")
	p.expect(11*time.Minute, metav1.ConditionTrue, v1alpha1.ReasonVerified, "without the gateway's secret")
	p.ready(metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	update(t, p.policy, func(policy *v1alpha1.TokenPolicy) { policy.Spec.Impersonation.Header.SharedSecret = nil })
	p.jira.BelieveHeader("X-Forwarded-User")
	p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "whoever reaches Jira past the gateway can be anybody")
}

func TestNobodyToVerifyAs(t *testing.T) {
	p := newProbe(t, func(p *probe) { byOAuth(p); p.policy.Spec.Impersonation.VerifyAs = "" })
	makeAvailable(t, p.policy, 1)
	p.expect(0, metav1.ConditionUnknown, v1alpha1.ReasonVerificationNotConfigured, "spec.impersonation.verifyAs")
	p.ready(metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	if n := len(p.jira.Received()); n != 0 {
		t.Errorf("%d requests", n)
	}
	update(t, p.policy, func(policy *v1alpha1.TokenPolicy) { policy.Spec.Impersonation.VerifyAs = "probe" })
	p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "")
}

func TestASecretThatIsMissingIsNotTried(t *testing.T) {
	p := newProbe(t, func(p *probe) { oauth(p.policy); p.policy.Spec.Impersonation.VerifyAs = "probe" })
	p.expect(0, metav1.ConditionUnknown, v1alpha1.ReasonInvalidReference, "Secret ref does not exist")
}

// TestVerificationRests: between its times Jira is not asked and nothing is written; a changed Secret is tried soon.
func TestVerificationRests(t *testing.T) {
	p := newProbe(t, byHeader)
	p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "")
	eventually(t, func() error { // no write of its own is still on its way into the cache
		if next := p.run(); next < time.Minute {
			return fmt.Errorf("looks again after %s", next)
		}
		return nil
	})
	if err := get(t, p.policy); err != nil {
		t.Fatal(err)
	}
	version, asked := p.policy.ResourceVersion, len(p.jira.Received())
	for range 5 {
		if next := p.run(); next < 8*time.Minute || next > 11*time.Minute {
			t.Errorf("looks again after %s", next)
		}
	}
	if err := get(t, p.policy); err != nil {
		t.Fatal(err)
	}
	if p.policy.ResourceVersion != version || len(p.jira.Received()) != asked {
		t.Errorf("%s after %s, %d requests after %d", p.policy.ResourceVersion, version, len(p.jira.Received()), asked)
	}
	ref := labelled(nil)
	ref.Namespace = p.policy.Namespace
	update(t, ref, func(s *corev1.Secret) { s.Data = map[string][]byte{"secret": []byte("wrong")} })
	p.expect(0, metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused, "")
	update(t, ref, func(s *corev1.Secret) { s.Data = map[string][]byte{"secret": []byte("s3cret")} })
	p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "")
}

func TestAnOwnerWhoseTokenIsWrongIsNamed(t *testing.T) {
	p := newProbe(t, func(p *probe) { byOwners(p); p.ownerToken("Bob", p.jira.AddPAT("alice")) })
	makeAvailable(t, p.policy, 1)
	p.expect(0, metav1.ConditionFalse, v1alpha1.ReasonOwnerTokensRefused, `for theirs: "bob"; each has to make a new one`)
	eventually(t, func() error {
		if c := p.ready(metav1.ConditionTrue, v1alpha1.ReasonGatewayReady); !strings.Contains(c.Message, `"bob"`) {
			return fmt.Errorf("Ready says nothing of it: %s", c.Message)
		}
		return nil
	})
	bob := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.policy.Namespace, Name: "pat-bob"}}
	update(t, bob, func(s *corev1.Secret) { s.Data["token"] = []byte(p.jira.AddPAT("bob")) })
	p.expect(10*time.Second, metav1.ConditionTrue, v1alpha1.ReasonVerified, "")
}

// TestOwnersHaveTheirTurns: many tokens that come at once are tried in rounds.
func TestOwnersHaveTheirTurns(t *testing.T) {
	const owners = 45
	p := newProbe(t, func(p *probe) {
		for i := range owners {
			name := fmt.Sprintf("user%02d", i)
			p.jira.AddUser(jiratest.User{Name: name})
			p.ownerToken(name, p.jira.AddPAT(name))
		}
	})
	p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "")
	eventually(t, func() error {
		before := len(p.jira.Received())
		next := p.run()
		if asked := len(p.jira.Received()) - before; asked > 20 || next < time.Second {
			t.Fatalf("asked %d times at once, again after %s", asked, next)
		}
		p.clock.SetTime(p.clock.Now().Add(next))
		var seen []string
		for _, r := range p.jira.Received() {
			seen = append(seen, r.User)
		}
		slices.Sort(seen)
		if seen = slices.Compact(seen); len(seen) != owners {
			return fmt.Errorf("%d of %d owners were tried", len(seen), owners)
		}
		return nil
	})
}

// TestOwnersTokensThatExpire are told of 30 days before, until there are new ones.
func TestOwnersTokensThatExpire(t *testing.T) {
	p := newProbe(t, byOwners)
	begin := p.clock.Now()
	expires := func(after time.Duration) string {
		at := begin.Add(after).UTC().Format(time.RFC3339)
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.policy.Namespace, Name: "pat-alice"}}
		update(t, secret, func(s *corev1.Secret) { s.Data["expiresAt"] = []byte(at + "\n") })
		return at
	}
	expect := func(want string) {
		t.Helper()
		eventually(t, func() error {
			p.run()
			if err := get(t, p.policy); err != nil {
				return err
			}
			c := meta.FindStatusCondition(p.policy.Status.Conditions, v1alpha1.ConditionOwnerTokensExpiring)
			if (c != nil) != (want != "") || c != nil && !strings.Contains(c.Message, want) {
				return fmt.Errorf("want %q, have %+v", want, c)
			}
			return nil
		})
	}
	gauge := func(name string) (value float64) {
		t.Helper()
		families, err := p.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if family.GetName() == name {
				value = family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		return value
	}
	gauges := func(expiring float64, first time.Duration) {
		t.Helper()
		n, at := gauge("jiratokens_owner_tokens_expiring"), gauge("jiratokens_owner_token_expiry_timestamp_seconds")
		if n != expiring || int64(at) != begin.Add(first).Unix() {
			t.Errorf("%f expire, the first at %f", n, at)
		}
	}
	expect("")
	at := expires(31 * 24 * time.Hour)
	expect("")
	p.clock.SetTime(begin.Add(48 * time.Hour))
	expect(`"alice" (` + at + ")")
	gauges(1, 31*24*time.Hour)
	expires(60 * 24 * time.Hour)
	expect("")
	gauges(0, 60*24*time.Hour)
}

func TestADeletedPolicyIsForgotten(t *testing.T) {
	p := newProbe(t, byOwners)
	p.expect(0, metav1.ConditionTrue, v1alpha1.ReasonVerified, "")
	if err := k8s.Delete(t.Context(), p.policy); err != nil {
		t.Fatal(err)
	}
	expectGone(t, p.policy)
	eventually(t, func() error {
		if next := p.run(); next != 0 {
			return fmt.Errorf("looks again after %s", next)
		}
		return nil
	})
}
