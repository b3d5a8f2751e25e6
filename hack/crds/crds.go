// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package crds pins modules for the custom resources of others in them, which tests of the chart and of the docs install:
// crds.sh says where they are. It imports a small package of each, as go.mod keeps only what is imported.
package crds

import (
	_ "github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
	_ "sigs.k8s.io/gateway-api/pkg/consts"
)
