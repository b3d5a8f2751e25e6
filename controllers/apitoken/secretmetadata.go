// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// secretMetadata is what a token Secret has of labels and annotations. What others added does not count.
type secretMetadata struct{ labels, annotations map[string]string }

// declaredKeys are the keys that an ApiToken put on its Secret. They are written down on the Secret, so that a key which
// is declared no longer can be told from one that somebody else added.
type declaredKeys struct {
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
}

// wantedMetadata has the operator's own keys win: they say what the Secret is.
func wantedMetadata(t *v1alpha1.ApiToken, s *slot) secretMetadata {
	m := secretMetadata{labels: map[string]string{}, annotations: map[string]string{}}
	if declared := t.Spec.Secret; declared != nil {
		copyTexts(m.labels, declared.Labels)
		copyTexts(m.annotations, declared.Annotations)
	}
	if keys := (declaredKeys{Labels: sortedKeys(m.labels), Annotations: sortedKeys(m.annotations)}); !keys.empty() {
		m.annotations[annotationDeclaredKeys] = keys.String()
	}
	maps.Copy(m.labels, tokenSecretLabels(t))
	m.annotations[annotationSlot] = strconv.Itoa(s.number)
	m.annotations[v1alpha1.AnnotationCredentialID] = s.credential.ID
	return m
}

func copyTexts[V ~string](to map[string]string, from map[string]V) {
	for key, value := range from {
		to[key] = string(value)
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func (k declaredKeys) empty() bool { return len(k.Labels) == 0 && len(k.Annotations) == 0 }

// String can't fail: there is nothing in it that JSON can't say.
func (k declaredKeys) String() string {
	text, err := json.Marshal(k)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// keysDeclaredBefore reads what an earlier declaration put on a Secret; what can't be read is somebody else's.
func keysDeclaredBefore(secret *corev1.Secret) declaredKeys {
	var k declaredKeys
	if json.Unmarshal([]byte(secret.Annotations[annotationDeclaredKeys]), &k) != nil {
		return declaredKeys{}
	}
	return k
}

// on tells whether a Secret has the metadata, and none that was declared once and is not any more.
func (m secretMetadata) on(secret *corev1.Secret) bool {
	return has(secret.Labels, m.labels) && has(secret.Annotations, m.annotations) &&
		secret.Annotations[annotationDeclaredKeys] == m.annotations[annotationDeclaredKeys]
}

// putOn makes it so.
func (m secretMetadata) putOn(secret *corev1.Secret) {
	before := keysDeclaredBefore(secret)
	secret.Labels = merged(secret.Labels, before.Labels, m.labels)
	secret.Annotations = merged(secret.Annotations, append(before.Annotations, annotationDeclaredKeys), m.annotations)
}

// merged is what there is, without the keys to drop, and with what is wanted.
func merged(have map[string]string, drop []string, want map[string]string) map[string]string {
	out := maps.Clone(have)
	if out == nil {
		out = map[string]string{}
	}
	for _, key := range drop {
		delete(out, key)
	}
	maps.Copy(out, want)
	return out
}

func has(have, want map[string]string) bool {
	for key, value := range want {
		if got, ok := have[key]; !ok || got != value {
			return false
		}
	}
	return true
}
