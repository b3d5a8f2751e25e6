// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// withProjectedToken writes the token that the kubelet would project into the pod, and points the gateway to it.
func (s *Stack) withProjectedToken(ctx context.Context, pod *corev1.PodSpec, args []string) ([]string, error) {
	const flag = "--activity-token-file="
	for _, volume := range pod.Volumes {
		if volume.Projected == nil {
			continue
		}
		projection := volume.Projected.Sources[0].ServiceAccountToken
		token, err := s.AccountToken(ctx, PolicyNamespace, pod.ServiceAccountName, projection.Audience)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(s.Dir, volume.Name)
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			return nil, err
		}
		for _, arg := range args {
			if strings.HasPrefix(arg, flag) {
				return append(args, flag+file), nil
			}
		}
		return nil, fmt.Errorf("the pod has the volume %s, and no %s", volume.Name, flag)
	}
	return args, nil
}

// AccountToken is a token of a ServiceAccount for an audience.
func (s *Stack) AccountToken(ctx context.Context, namespace, name, audience string) (string, error) {
	seconds := int64((12 * time.Hour).Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: &seconds, Audiences: []string{audience},
	}}
	token, err := s.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	return token.Status.Token, nil
}
