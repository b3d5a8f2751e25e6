// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
)

func TestContains(t *testing.T) {
	type object = map[string]any
	type list = []any
	for name, c := range map[string]struct {
		have, want any
		contains   bool
	}{
		"equal":                 {object{"a": int64(1)}, object{"a": int64(1)}, true},
		"more than asked for":   {object{"a": int64(1), "b": "x"}, object{"a": int64(1)}, true},
		"missing":               {object{"b": "x"}, object{"a": int64(1)}, false},
		"different":             {object{"a": int64(2)}, object{"a": int64(1)}, false},
		"deep":                  {object{"a": object{"b": object{"c": true, "d": 1}}}, object{"a": object{"b": object{"c": false}}}, false},
		"longer list":           {list{"a", "b"}, list{"a"}, false},
		"other order":           {list{"b", "a"}, list{"a", "b"}, false},
		"defaulted item fields": {list{object{"name": "a", "protocol": "TCP"}}, list{object{"name": "a"}}, true},
		"empty object dropped":  {nil, object{}, true},
		"empty list dropped":    {nil, list{}, true},
		"emptied list":          {list{"a"}, list{}, false},
		"another kind of value": {"a", object{"a": "b"}, false},
		"the labels of nodes":   {object{"nodeSelector": object{"a": "b"}}, object{"nodeSelector": object{"a": "b"}}, true},
		"one more of them":      {object{"nodeSelector": object{"a": "b", "c": "d"}}, object{"nodeSelector": object{"a": "b"}}, false},
		"where none is named":   {object{"nodeSelector": object{"a": "b"}}, object{}, true},
		"narrower than all":     {object{"podSelector": object{"matchLabels": object{"a": "b"}}}, object{"podSelector": object{}}, false},
		"all, said by nothing":  {object{}, object{"podSelector": object{}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if have := contains(c.have, c.want); have != c.contains {
				t.Errorf("want %v, have %v", c.contains, have)
			}
		})
	}
}

func deployment(available int32, conditions ...appsv1.DeploymentCondition) *appsv1.Deployment {
	return &appsv1.Deployment{Status: appsv1.DeploymentStatus{AvailableReplicas: available, Conditions: conditions}}
}

func TestJudgeDeployment(t *testing.T) {
	late := appsv1.DeploymentCondition{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Message: "ReplicaSet has timed out progressing.",
	}
	refused := appsv1.DeploymentCondition{
		Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "no PriorityClass with name x was found",
		Reason: "FailedCreate", LastTransitionTime: metav1.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	undeleted := appsv1.DeploymentCondition{
		Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "no PriorityClass", Reason: "FailedDelete",
	}
	past := func(d *appsv1.Deployment) *appsv1.Deployment {
		d.Generation = 2
		return d
	}
	for name, c := range map[string]struct {
		deployment *appsv1.Deployment
		reason     string
		stalled    bool
		said       string // besides what is said in any case
	}{
		"starting":                  {deployment(0), v1alpha1.ReasonGatewayStarting, false, ""},
		"pods refused":              {deployment(0, refused), v1alpha1.ReasonGatewayStarting, false, "no PriorityClass with name x"},
		"available":                 {deployment(1), v1alpha1.ReasonGatewayReady, false, ""},
		"available, roll-out hangs": {deployment(1, late), v1alpha1.ReasonGatewayReady, false, "timed out progressing; see kubectl"},
		"available, next refused": {
			deployment(1, refused), v1alpha1.ReasonGatewayReady, false,
			"new pods can't be made (since 2026-01-02T03:04:05Z): no PriorityClass with name x",
		},
		"an old one stays":          {deployment(1, undeleted), v1alpha1.ReasonGatewayReady, false, ""},
		"nothing available in time": {deployment(0, late), v1alpha1.ReasonGatewayFailed, true, "timed out progressing; see kubectl"},
		"refused for long":          {deployment(0, late, refused), v1alpha1.ReasonGatewayFailed, true, "no PriorityClass with name x"},
		"that was the last version": {past(deployment(0, late, refused)), v1alpha1.ReasonGatewayStarting, false, ""},
		"that is being replaced":    {past(deployment(1, late, refused)), v1alpha1.ReasonGatewayReady, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
			fillStatus(p, &findings{gateway: judgeDeployment(c.deployment)})
			ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
			if ready.Reason != c.reason || meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionStalled) != c.stalled {
				t.Errorf("have %+v", p.Status.Conditions)
			}
			available := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionGatewayAvailable)
			for _, message := range []string{ready.Message, available.Message} {
				told := strings.Contains(message, "timed out") || strings.Contains(message, "PriorityClass")
				if !strings.Contains(message, c.said) || told != (c.said != "") {
					t.Errorf("want %q, have %q", c.said, message)
				}
			}
			if p.Status.ObservedGeneration != 3 {
				t.Errorf("observedGeneration %d", p.Status.ObservedGeneration)
			}
			again := p.DeepCopy()
			fillStatus(again, &findings{gateway: judgeDeployment(c.deployment)})
			if !equality.Semantic.DeepEqual(p.Status, again.Status) {
				t.Error("the same finding changes the status")
			}
		})
	}
}

// What others say is bounded, and so is a message: a status that the schema refuses would stay what it was.
func TestMessagesAreBounded(t *testing.T) {
	long := "webhook denied: \x1b[2J\nline two " + strings.Repeat("x", 40000)
	for _, c := range []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Message: long},
		{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: long, Reason: "FailedCreate"},
	} {
		message := judgeDeployment(deployment(0, c)).message
		if len(message) > 1400 || !strings.Contains(message, ": webhook denied: [2J line two xxx") || !strings.Contains(message, "x…") {
			t.Errorf("%s: have %d bytes: %.200q", c.Type, len(message), message)
		}
	}
	p := &v1alpha1.TokenPolicy{}
	fillStatus(p, &findings{
		gateway: judgeDeployment(deployment(1)), problem: &problemError{reason: "A", message: long},
		ranges: &metav1.Condition{Type: v1alpha1.ConditionSourceRangesEffective, Message: long},
	})
	for _, c := range p.Status.Conditions {
		if len(c.Message) > 20000 {
			t.Errorf("%s has %d bytes", c.Type, len(c.Message))
		}
	}
}

// At most one of Reconciling and Stalled is there, and none when the policy is ready, whatever came before.
func TestConditionsGoTogether(t *testing.T) {
	problems := []*problemError{
		nil, {reason: "A", message: "a", waiting: true}, {reason: "B", message: "b"},
	}
	for i, before := range problems {
		for j, now := range problems {
			p := &v1alpha1.TokenPolicy{}
			gateway := judgeDeployment(deployment(1))
			fillStatus(p, &findings{problem: before, gateway: gateway})
			fillStatus(p, &findings{problem: now, gateway: gateway})
			is := func(kind string) bool { return meta.IsStatusConditionTrue(p.Status.Conditions, kind) }
			if is(v1alpha1.ConditionReady) != (j == 0) || is(v1alpha1.ConditionReconciling) != (j == 1) ||
				is(v1alpha1.ConditionStalled) != (j == 2) || is(v1alpha1.ConditionAccepted) != (j == 0) {
				t.Errorf("%d → %d: have %+v", i, j, p.Status.Conditions)
			}
		}
	}
}

func TestMessageOfAPolicyInUseNamesFive(t *testing.T) {
	r := &Reconciler{secrets: &secretIndex{}}
	var credentials []string
	for i := range 1000 {
		credentials = append(credentials, fmt.Sprintf("ns/t%03d", i)) // not in the cache any more
	}
	p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "jira"}}
	for n, want := range map[int]string{1: "(1: ns/t000)", 5: "ns/t004)", 6: "ns/t004, …)", 1000: "(1000: ns/t000, "} {
		if have := r.inUse(p, credentials[:n]).message; !strings.Contains(have, want) {
			t.Errorf("want %q in %s", want, have)
		}
	}
}

// Between its first object and the cache's news of it, a gateway is on its way, and not missing.
func TestGatewayThatWasJustMade(t *testing.T) {
	p := &v1alpha1.TokenPolicy{}
	fillStatus(p, &findings{gateway: availability{reason: v1alpha1.ReasonGatewayMissing, message: "the gateway is not deployed"}})
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionGatewayAvailable, v1alpha1.ConditionReconciling} {
		c := meta.FindStatusCondition(p.Status.Conditions, kind)
		if c == nil || c.Reason != v1alpha1.ReasonGatewayStarting || c.Message != "the gateway's objects are being made" {
			t.Errorf("%s: have %+v", kind, c)
		}
	}
}

func TestWorse(t *testing.T) {
	waiting, stalled := &problemError{message: "w", waiting: true}, &problemError{message: "s"}
	for _, c := range []struct{ a, b, want *problemError }{
		{nil, nil, nil},
		{nil, waiting, waiting},
		{waiting, nil, waiting},
		{waiting, stalled, stalled},
		{stalled, waiting, stalled},
		{stalled, &problemError{message: "later"}, stalled},
	} {
		if have := worse(c.a, c.b); have != c.want {
			t.Errorf("%v, %v: want %v, have %v", c.a, c.b, c.want, have)
		}
	}
}

func ownerToken(name, owner string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			v1alpha1.LabelPolicy: "jira", v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
		}},
		Data: map[string][]byte{"owner": []byte(owner), "token": []byte("t")},
	}
}

func TestAmbiguity(t *testing.T) {
	two := []*corev1.Secret{ownerToken("b", "alice"), ownerToken("c", "bob"), ownerToken("a", "Alice\n")}
	if have, want := ambiguity(two), `more than one Jira token of owner "alice" (Secrets a, b): the first`; !strings.Contains(have, want) {
		t.Errorf("want %q, have %q", want, have)
	}
	if have := ambiguity(two[:2]); have != "" {
		t.Errorf("there is nothing to tell, have %q", have)
	}
	var many []*corev1.Secret
	for i := range 1000 {
		many = append(many, ownerToken(fmt.Sprint("a", i), "alice"), ownerToken(fmt.Sprint("x", i), fmt.Sprint("u", i/2)))
	}
	if have := ambiguity(many); len(have) > 1000 || !strings.Contains(have, ", …") {
		t.Errorf("a few names are enough: %s", have)
	}
}

func TestTransformSecretKeepsNoCredentialInMemory(t *testing.T) {
	secret := func(kind corev1.SecretType, labels map[string]string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Type: kind, Data: map[string][]byte{"k": []byte("v")},
		}
	}
	ofPolicy := map[string]string{v1alpha1.LabelPolicy: "jira"}
	for name, c := range map[string]struct {
		secret *corev1.Secret
		kept   bool
	}{
		"a credential of Jira":    {secret(corev1.SecretTypeOpaque, ofPolicy), false},
		"a hash Secret":           {secret(v1alpha1.SecretTypeTokenHash, ofPolicy), true},
		"a gateway configuration": {secret(v1alpha1.SecretTypeGatewayConfig, ofPolicy), true},
		"what was read of Jira":   {secret(v1alpha1.SecretTypeDirectory, ofPolicy), true},
		"a token Secret, which controllers/apitoken transforms": {
			secret(corev1.SecretTypeOpaque, map[string]string{v1alpha1.LabelPolicy: "jira", v1alpha1.LabelTokenUID: "u"}), true,
		},
	} {
		if _, err := TransformSecret(c.secret); err != nil {
			t.Fatal(err)
		}
		if have := string(c.secret.Data["k"]) == "v"; have != c.kept {
			t.Errorf("%s: kept is %v, want %v", name, have, c.kept)
		}
	}
	named := ownerToken("s", "alice")
	named.Data["expiresAt"] = []byte("2027-01-31T00:00:00Z")
	if _, err := TransformSecret(named); err != nil || string(named.Data["owner"]) != "alice" || named.Data["token"] != nil ||
		string(named.Data["expiresAt"]) != "2027-01-31T00:00:00Z" {
		t.Errorf("whose a Jira token is must be kept, and the token not: %v, %v", named.Data, err)
	}
	if other, err := TransformSecret("anything else"); err != nil || other != "anything else" {
		t.Errorf("have %v, %v", other, err)
	}
}

// What was read of Jira is written with each refresh, and is no affair of the gateway's objects.
func TestDirectoryWakesNobody(t *testing.T) {
	for kind, want := range map[corev1.SecretType]bool{v1alpha1.SecretTypeDirectory: false, v1alpha1.SecretTypeGatewayConfig: true} {
		secret := &corev1.Secret{Type: kind, ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelPolicy: "jira"}}}
		if have := notOfDirectory().Create(event.CreateEvent{Object: secret}); have != want {
			t.Errorf("%s, as an object that the policy owns: %v", kind, have)
		}
		if policysecret.MayBeReferredTo().Create(event.CreateEvent{Object: secret}) || isCredential(secret) {
			t.Errorf("%s, as a Secret that the policy may refer to", kind)
		}
	}
	if !notOfDirectory().Create(event.CreateEvent{Object: &appsv1.Deployment{}}) {
		t.Error("other objects must wake the policy")
	}
}

// The API server refuses an event with a longer note.
func TestLongNotesAreCut(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	r := &Reconciler{Recorder: recorder}
	r.event(&v1alpha1.TokenPolicy{}, notice{kind: "Normal", reason: "R", action: "A", note: strings.Repeat("ä", 1000)})
	if have := <-recorder.Events; !utf8.ValidString(have) || !strings.HasSuffix(have, "…") || len(have) > noteLimit+len("Normal R ") {
		t.Errorf("%d bytes: %s", len(have), have)
	}
}

// Which key counts must be the same here and in the gateway, or one would judge what the other does not use.
func TestReferenceTakesTheFirstKeyWithAValue(t *testing.T) {
	ref := &reference{keys: []string{"token", "password"}}
	type data = map[string][]byte
	for name, c := range map[string]struct {
		data       data
		key, value string
	}{
		"both":                  {data{"token": []byte("t\n"), "password": []byte("p")}, "token", "t"},
		"password alone":        {data{"password": []byte(" p ")}, "password", "p"},
		"token is empty":        {data{"token": []byte("\n"), "password": []byte("p")}, "password", "p"},
		"both are empty":        {data{"token": nil, "password": nil}, "token", ""},
		"one, and that's empty": {data{"password": nil}, "password", ""},
		"none":                  {data{"other": []byte("x")}, "", ""},
	} {
		if key, value := ref.value(c.data); key != c.key || string(value) != c.value {
			t.Errorf("%s: have %q of %q", name, value, key)
		}
	}
}

// TestLinksPastTheGatewayAreTold: in the condition that people look at, while links lead elsewhere.
func TestLinksPastTheGatewayAreTold(t *testing.T) {
	const public, other = "https://jira-api.example/jira", "https://jira.example/jira"
	for name, c := range map[string]struct {
		base    v1alpha1.HTTPURL
		gateway *v1alpha1.Gateway
		told    string
	}{
		"one URL":                 {"", nil, ""},
		"one URL, rewritten":      {"", &v1alpha1.Gateway{RewriteLinks: true}, "has nothing to rewrite"},
		"the same URL":            {public, nil, ""},
		"the same URL, rewritten": {public, &v1alpha1.Gateway{RewriteLinks: true}, "has nothing to rewrite"},
		"another":                 {other, nil, "gateway.rewriteLinks: true"},
		"another, not switched":   {other, &v1alpha1.Gateway{}, "gateway.rewriteLinks: true"},
		"another, rewritten":      {other, &v1alpha1.Gateway{RewriteLinks: true}, ""},
	} {
		p := &v1alpha1.TokenPolicy{}
		p.Spec.Jira.PublicURL, p.Spec.Jira.BaseURL, p.Spec.Gateway = public, c.base, c.gateway
		fillStatus(p, &findings{gateway: availability{available: true, reason: v1alpha1.ReasonGatewayReady, message: "it serves"}})
		ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
		_, told, _ := strings.Cut(ready.Message, "; ")
		if !strings.Contains(told, c.told) || (told == "") != (c.told == "") || ready.Status != metav1.ConditionTrue {
			t.Errorf("%s: %+v", name, ready)
		}
	}
}
