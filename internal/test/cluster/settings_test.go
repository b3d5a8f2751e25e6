// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// settings come from the environment: hack/e2e/local.sh sets them all.
type settings struct {
	root string // of the repository

	operator  version // what is tested
	previous  version // what it is upgraded from; without an image nothing is
	workloads string  // image with the workload and the stand-in Jira

	nodeControl string // folder of the scripts that stop parts of the node; empty: the node is not ours
	keep        bool   // leaves everything on the cluster
}

// version is one version of the operator, as it is installed.
type version struct {
	image     string
	manifests string // folder of its kustomization
	name      string // for people
}

func readSettings() (*settings, error) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return nil, err
	}
	s := &settings{
		root:        root,
		operator:    version{image: os.Getenv("E2E_IMAGE"), manifests: filepath.Join(root, "config", "default"), name: "this version"},
		workloads:   os.Getenv("E2E_WORKLOAD_IMAGE"),
		nodeControl: os.Getenv("E2E_NODE_CONTROL"),
		keep:        os.Getenv("E2E_KEEP") != "",
	}
	if image := os.Getenv("E2E_PREVIOUS_IMAGE"); image != "" {
		s.previous = version{image: image, manifests: os.Getenv("E2E_PREVIOUS_MANIFESTS"), name: os.Getenv("E2E_PREVIOUS_NAME")}
		if s.previous.manifests == "" {
			return nil, errors.New("E2E_PREVIOUS_IMAGE needs E2E_PREVIOUS_MANIFESTS: the folder config/default of that version")
		}
	}
	if s.workloads == "" {
		return nil, errors.New("E2E_IMAGE needs E2E_WORKLOAD_IMAGE: the image that hack/e2e/images.sh makes beside it")
	}
	if s.nodeControl != "" {
		if _, err := os.Stat(filepath.Join(s.nodeControl, "up.sh")); err != nil {
			return nil, fmt.Errorf("E2E_NODE_CONTROL=%s: must be the folder of hack/cluster's scripts: %w", s.nodeControl, err)
		}
	}
	return s, nil
}

// artefacts is where is written what was there when a story failed.
func (s *settings) artefacts(test string) string {
	return filepath.Join(s.root, "bin", "e2e-cluster", test)
}
