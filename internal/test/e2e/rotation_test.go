// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// rotationOverlap is longer than a kubelet takes to bring a changed Secret to a pod: up to a minute and a half, by default.
const rotationOverlap = 2 * time.Minute

func rotation() types.Feature {
	return story("rotation", "a pod goes from one credential to the next without a failed request", func(t *testing.T) {
		t.Helper()
		token := apiToken(marketing, "rotation", "alice")
		token.Spec.Rotation = &v1alpha1.Rotation{Overlap: v1alpha1.RotationOverlap(rotationOverlap.String())}
		declare(t, token)
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		old := plaintext(t, token)
		w := workloadOf(t, token)
		asked := time.Now()
		change(t, token, func(a *v1alpha1.ApiToken) {
			metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationRotateRequestedAt, asked.String())
		})
		eventually(t, "the pod uses the next credential", func() error {
			if r := w.report(t); len(r.Tokens) < 2 {
				return fmt.Errorf("it has used %d credentials", len(r.Tokens))
			}
			return nil
		})
		used := since(asked)
		refused(t, old, "")
		ended := since(asked)
		report := w.report(t)
		noFailure(t, report)
		seen(t, "the pod used the next credential %s after it was asked for, the replaced one ended after %s; %s",
			used, ended, report)
		if ended < rotationOverlap {
			t.Errorf("the replaced credential ended %s after the rotation, before the overlap of %s", ended, rotationOverlap)
		}
	})
}
