// SPDX-License-Identifier: Apache-2.0

package localtoken_test

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/localtoken"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func TestMakeFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ci.token")
	for name, f := range map[string]localtoken.Flags{
		"no randomness": {Local: true, File: path, Random: strings.NewReader("short")},
		"no directory":  {Local: true, File: filepath.Join(path, "x")},
	} {
		if _, err := f.Make(); err == nil {
			t.Errorf("%s: it says nothing", name)
		}
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("something was left: %v", err)
	}
}

// TestWorthless: what the API server refused is taken back; what may have been taken is kept, if anybody can still read it.
func TestWorthless(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "apitokens"}, "x", errors.New("no"))
	for name, c := range map[string]struct {
		err  error
		kept bool
	}{
		"refused":            {forbidden, false},
		"invalid":            {apierrors.NewBadRequest("no"), false},
		"nobody listens":     {&url.Error{Op: "Post", URL: "https://x", Err: syscall.ECONNREFUSED}, false},
		"no kubeconfig":      {errors.New("no configuration"), false},
		"connection was cut": {&url.Error{Op: "Post", URL: "https://x", Err: errors.New("EOF")}, true},
		"overloaded":         {apierrors.NewInternalError(errors.New("etcd")), true},
	} {
		file := localtoken.Flags{Local: true, File: filepath.Join(t.TempDir(), "token")}
		made, err := file.Make()
		if err != nil {
			t.Fatal(err)
		}
		said := file.Worthless(made, c.err)
		if _, err := os.Stat(file.File); (err == nil) != c.kept || !errors.Is(said, c.err) {
			t.Errorf("%s: kept is %v; %v", name, err == nil, said)
		}
		stdout := localtoken.Flags{Local: true}
		said = stdout.Worthless(made, c.err)
		if strings.Contains(said.Error(), token.Prefix) || strings.Contains(said.Error(), "was worthless") == c.kept {
			t.Errorf("%s: %v", name, said)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestReveal: once, to standard output, with a line end and nothing else.
func TestReveal(t *testing.T) {
	f := localtoken.Flags{Local: true}
	made, err := f.Make()
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if err := f.Reveal(made, genericiooptions.IOStreams{Out: &out, ErrOut: &errOut}); err != nil || errOut.Len() > 0 {
		t.Fatal(err, errOut.String())
	}
	parsed, err := token.Parse(strings.TrimSuffix(out.String(), "\n"))
	if err != nil || parsed.ID() != made.ID {
		t.Error(err)
	}
	err = f.Reveal(made, genericiooptions.IOStreams{Out: brokenPipe{}, ErrOut: &errOut})
	if err == nil || !strings.Contains(err.Error(), "it is lost: delete the ApiToken") || strings.Contains(err.Error(), parsed.Reveal()[17:]) {
		t.Error(err)
	}
}
