// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// apply hands a configuration on. One that can't be used is told about and changes nothing.
func (s *settingsStore) apply(raw []byte, secrets []Secret) {
	s.applying.Lock()
	defer s.applying.Unlock()
	if err := s.try(raw, secrets); err != nil {
		s.m.metrics.configErrors.Inc()
		s.m.metrics.configCurrent.Set(0)
		s.m.log.Error(err, "the configuration can't be used", "kept", s.current.Load() != nil)
		return
	}
	s.m.metrics.configCurrent.Set(1)
}

// restore is apply for a snapshot's configuration, unless there is one already. It fails if that can't be used.
func (s *settingsStore) restore(raw []byte, secrets []Secret) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.current.Load() != nil {
		return nil
	}
	return s.try(raw, secrets)
}

func (s *settingsStore) try(raw []byte, secrets []Secret) error {
	config, err := s.decode(raw)
	if err != nil {
		return err
	}
	if err := s.m.opts.OnConfig(config, secrets); err != nil {
		return err
	}
	first := s.current.Swap(&settings{config: config, raw: raw, secrets: secrets}) == nil
	s.m.metrics.configGeneration.Set(float64(config.Policy.Generation))
	s.m.changes.Add(1)
	if first {
		s.m.log.Info("configuration in use", "policyGeneration", config.Policy.Generation, "secrets", len(secrets))
	} else {
		s.m.log.Info("configuration changed", "policyGeneration", config.Policy.Generation, "secrets", len(secrets))
	}
	return nil
}

func (s *settingsStore) decode(raw []byte) (*gatewayconfig.Config, error) {
	if raw == nil {
		return nil, fmt.Errorf("there is no configuration Secret %s/%s", s.m.opts.Namespace, s.m.opts.ConfigName)
	}
	config, err := gatewayconfig.Decode(raw)
	if err != nil {
		return nil, err
	}
	if config.Policy.Namespace != s.m.opts.Namespace || config.Policy.Name != s.m.opts.Policy {
		return nil, errors.New("the configuration Secret belongs to another policy")
	}
	return config, nil
}
