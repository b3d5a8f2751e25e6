// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// stolen is a stamp in anybody's name, as whoever reaches the webhook's port gets one.
func stolen(t *testing.T, by *grant.Requester, object stamp.Object) string {
	t.Helper()
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), types.NamespacedName{Namespace: systemNamespace, Name: "jira-token-operator-stamp-keys"}, &secret))
	ring, err := stamp.ParseRing(secret.Data)
	must(t, err)
	annotation, err := ring.Sign(&stamp.Stamp{Requester: *by, At: time.Now(), Object: object})
	must(t, err)
	return annotation
}

func stampPatch(value string) client.Patch {
	return mergePatch(`{"metadata":{"annotations":{"jiratokens.io/requested-by":` + quoted(value) + `}}}`)
}

// quoted is a text as JSON.
func quoted(text string) string {
	content, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return string(content)
}

// webhookAway ends the manager, takes its webhook away and waits until the API server checks stamps by itself.
func (m *manager) webhookAway(t *testing.T) {
	t.Helper()
	m.stop()
	removeWebhook(t)
	namespace := plane.Namespace(t)
	eventually(t, func() error {
		return refused(plane.Client.Create(t.Context(), newToken(namespace, "trial", annotated("x")), client.DryRunAll))
	})
}

// refused is nil if the admission policy for stamps refused a request.
func refused(err error) error {
	const want = "the annotation jiratokens.io/requested-by is written by jira-token-operator alone, and this value does not say that you"
	if err == nil {
		return errors.New("it was admitted")
	}
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
		return fmt.Errorf("another error: %w", err)
	}
	return nil
}

// While the webhook is away, whoever has a stamp in the name of somebody else can't have it stored.
func TestStolenStampsAreRefused(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	eve, paul := user(t, namespace, roleEditor, "eve", "devs", "ops"), user(t, namespace, roleEditor, "paul", "platform-team")
	bind(t, namespace, roleApprover, subjectOf("eve"))
	mine, his := newToken(namespace, "mine"), newToken(namespace, "his")
	must(t, eve.Create(t.Context(), mine))
	must(t, paul.Create(t.Context(), his))
	pauls := stampOf(stored(t, his))
	must(t, eve.Patch(t.Context(), stored(t, his), mergePatch(`{"spec":{"description":"x"}}`)))
	m.webhookAway(t)

	for what, by := range map[string]*grant.Requester{
		"another user":                  {User: "paul", Groups: []string{"platform-team"}},
		"a user of her groups":          {User: "paul", Groups: []string{"devs"}},
		"a longer name":                 {User: "eve2"},
		"a name with a quote":           {User: `eve","at":1,"x":"`},
		"a name with a backslash":       {User: `eve\`},
		"another UID":                   {User: "eve", UID: "u-1"},
		"another's groups":              {User: "eve", Groups: []string{"platform-team"}},
		"another's group and her own":   {User: "eve", Groups: []string{"devs", "platform-team", "ops"}},
		"another's group at the end":    {User: "eve", Groups: []string{"devs", "platform-team"}},
		"her name as a group":           {User: "eve", Groups: []string{"eve"}},
		"two groups in one":             {User: "eve", Groups: []string{`devs","ops`}},
		"a group that seems to end all": {User: "eve", Groups: []string{"devs", `"],"at":`, "platform-team"}},
		"a group without a name":        {User: "eve", Groups: []string{""}},
	} {
		created := newToken(namespace, "new")
		annotated(stolen(t, by, stamp.OfToken(created)))(created)
		expectRefused(t, "creation with "+what, eve.Create(t.Context(), created))
		expectRefused(t, "an update with "+what, eve.Patch(t.Context(), stored(t, mine), stampPatch(stolen(t, by, stamp.OfToken(stored(t, mine))))))
		approval := newApproval(namespace, "new", mine)
		metav1.SetMetaDataAnnotation(&approval.ObjectMeta, v1alpha1.AnnotationRequestedBy, stolen(t, by, stamp.OfApproval(approval)))
		expectRefused(t, "an approval with "+what, eve.Create(t.Context(), approval))
	}
	must(t, eve.Patch(t.Context(), stored(t, his), mergePatch(`{"spec":{"description":null}}`)))
	expectRefused(t, "paul's stamp put back", eve.Patch(t.Context(), stored(t, his), stampPatch(pauls)))
	must(t, eve.Patch(t.Context(), stored(t, his), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/requested-by":null}}}`)))
	for way, write := range ways {
		expectRefused(t, "paul's stamp put back by "+way, write(t, eve, his, pauls))
	}
	expectRefused(t, "an administrator's", plane.Client.Patch(t.Context(), stored(t, his), stampPatch(pauls)))
	for _, damaged := range []string{"x", "..", "v1.k.{}.m", `v1.k.{"user":"eve"}.m`, `v1.k.{"user":"eve","groups":["devs"]}.m`, `v1.k.{"user":"eve","groups":[]}.m`} {
		expectRefused(t, damaged, eve.Patch(t.Context(), stored(t, mine), stampPatch(damaged)))
	}
	must(t, paul.Patch(t.Context(), stored(t, his), stampPatch(pauls)))
}

func expectRefused(t *testing.T, what string, err error) {
	t.Helper()
	err = refused(err)
	if err == nil || strings.HasPrefix(what, "paul's stamp put back by kubectl") && strings.Contains(err.Error(), "is written by jira-token-operator alone") {
		return // kubectl has the API server's words, and not its kind of error
	}
	t.Errorf("%s: %v", what, err)
}
