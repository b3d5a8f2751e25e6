// SPDX-License-Identifier: Apache-2.0

package scopes

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

var errUnreachable = errors.New("no token can reach this")

func answer(out io.Writer, rules scope.Options, method, target string) error {
	if method == "" {
		method = http.MethodGet
	}
	path, query, _ := strings.Cut(target, "?")
	segments, err := split(path)
	if err != nil {
		return err
	}
	classifier, err := scope.NewClassifier(rules)
	if err != nil {
		return usage.Errorf("spec.scopes.operations of the policy: %w", err)
	}
	operation := classifier.Classify(method, segments, query)
	if operation.Access == scope.Outside && slices.Index(segments, "rest") > 0 {
		return fmt.Errorf("%w: %s; --path begins below Jira's context path: leave that out, as in /rest/api/2/search",
			errUnreachable, operation.Name)
	}
	if operation.Access != scope.Scoped {
		return fmt.Errorf("%w: %s", errUnreachable, operation.Name)
	}
	if _, err := fmt.Fprintf(out, "%s\n", operation.Need); err != nil {
		return err
	}
	covers := ""
	if coarse := operation.Need.Coarse(); coarse != operation.Need {
		covers = fmt.Sprintf("; %s covers it", coarse)
	}
	_, err = fmt.Fprintf(out, "# %s %s (%s)%s\n", method, path, operation.Name, covers)
	return err
}

// split decodes the segments as the gateway does; what the gateway would not even take is a mistake here.
func split(path string) ([]string, error) {
	rest, rooted := strings.CutPrefix(path, "/")
	if !rooted {
		return nil, usage.Errorf("--path is %q; it must begin with a slash, such as /rest/api/2/search, without host and context path",
			path)
	}
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if rest == "" {
		return nil, nil
	}
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || slices.Contains([]string{"", ".", ".."}, decoded) || strings.Contains(decoded, "/") {
			return nil, usage.Errorf("--path has the segment %q, which the gateway refuses: no empty ones, no dots alone, no encoded "+
				"slashes", segment)
		}
		segments[i] = decoded
	}
	return segments, nil
}
