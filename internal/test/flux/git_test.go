// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"context"
	"fmt"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// repository is a Git repository with one branch, served by git itself.
type repository struct {
	folder string
	server *httptest.Server
}

func newRepository(ctx context.Context, folder string) (*repository, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	r := &repository{folder: folder}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, "init", "--quiet", "--initial-branch=main"); err != nil {
		return nil, err
	}
	r.server = httptest.NewServer(&cgi.Handler{
		Path: program, Args: []string{"http-backend"},
		Env: []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1"},
	})
	return r, nil
}

// url is what can be cloned.
func (r *repository) url() string { return r.server.URL + "/.git" }

// commit writes files, removes those without a text, and returns the revision as Flux spells it.
func (r *repository) commit(ctx context.Context, message string, files map[string]string) (string, error) {
	for name, text := range files {
		path := filepath.Join(r.folder, name)
		if text == "" {
			if err := os.Remove(path); err != nil {
				return "", err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	if _, err := r.git(ctx, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := r.git(ctx, "commit", "--quiet", "--allow-empty", "--message="+message); err != nil {
		return "", err
	}
	head, err := r.git(ctx, "rev-parse", "HEAD")
	return "main@sha1:" + strings.TrimSpace(head), err
}

// git runs it without the configuration of whoever runs the tests.
func (r *repository) git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = r.folder
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_DIR="+filepath.Join(r.folder, ".git"),
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@corp.example", "GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@corp.example")
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %v: %w: %s", args, err, out)
	}
	return string(out), nil
}
