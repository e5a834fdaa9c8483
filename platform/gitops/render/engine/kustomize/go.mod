module daruma.dev/render/kustomize

go 1.26.0

toolchain go1.26.8

require (
	sigs.k8s.io/kustomize/api v0.21.3
	sigs.k8s.io/kustomize/kyaml v0.21.3
	sigs.k8s.io/yaml v1.6.0
)
