// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
)

// A list asks for what is, and not for what an API server has in its cache: a revocation may be missing there.
func TestListsAreCurrent(t *testing.T) {
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("resourceVersion"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}`)
	}))
	defer api.Close()
	m := idle(t, Options{REST: &rest.Config{Host: api.URL}})
	client, err := secretClient(m.opts.REST)
	if err != nil {
		t.Fatal(err)
	}
	o := &observer{m: m, feed: "hashes", selector: m.hashSelector(), client: client, contact: &m.hashes.contact}
	for _, version := range []string{"0", "", "5"} {
		if _, err := o.list(t.Context(), metav1.ListOptions{ResourceVersion: version}); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 3 || asked[0] != "" || asked[1] != "" || asked[2] != "5" {
		t.Errorf("asked for %q", asked)
	}
}

// While nothing changes, bookmarks alone keep what is known from growing old.
func TestBookmarksAreContact(t *testing.T) {
	now := time.Now()
	clock := clocktesting.NewFakePassiveClock(now)
	m := idle(t, Options{Clock: clock})
	m.hashes.contact.confirm(now)
	m.settings.contact.confirm(now)
	clock.SetTime(now.Add(time.Hour))
	for _, step := range []struct {
		bookmark func(string) error
		want     time.Duration
	}{{m.hashes.Bookmark, time.Hour}, {m.settings.Bookmark, 0}} { // the age is that of the feed that is behind
		if err := step.bookmark("7"); err != nil || m.Age(clock.Now()) != step.want {
			t.Errorf("%v, age %v, want %v", err, m.Age(clock.Now()), step.want)
		}
	}
	if got := m.hashes.contact.age(clock.Now()); got != 0 {
		t.Errorf("hashes: age %v", got)
	}
}
