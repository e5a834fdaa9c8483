// The Kustomize engine of daruma: sigs.k8s.io/kustomize's own API on an in-memory file system, built as a WebAssembly
// reactor. One call renders a batch of directories of one file set; answers are JSON objects, so that no YAML dialect
// stands between Kustomize and the reader.
package main

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unsafe"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

type request struct {
	// Files by absolute path; those that are no UTF-8 text are in Binary, as base64.
	Files  map[string]string `json:"files"`
	Binary map[string][]byte `json:"binary"`
	Dirs   []string          `json:"dirs"`
}

type result struct {
	Objects []json.RawMessage `json:"objects,omitempty"`
	Error   string            `json:"error,omitempty"`
	// Refused is the name of something that is not done on purpose: a remote base, an exec function, a chart.
	Refused string `json:"refused,omitempty"`
}

var input, output []byte

//go:wasmexport alloc
func alloc(size uint32) uint32 {
	input = make([]byte, size)
	return address(input)
}

//go:wasmexport result_address
func resultAddress() uint32 { return address(output) }

//go:wasmexport render
func render() (size uint32) {
	var asked request
	answers := []result{}
	defer func() {
		if reason := recover(); reason != nil {
			answers = append(answers, result{Error: fmt.Sprintf("kustomize panicked: %v", reason)})
		}
		output, _ = json.Marshal(answers)
		input = nil
		size = uint32(len(output))
	}()
	if err := json.Unmarshal(input, &asked); err != nil {
		answers = append(answers, result{Error: err.Error()})
		return
	}
	files := filesys.MakeFsInMemory()
	for name, content := range asked.Files {
		if asked.Binary == nil {
			asked.Binary = map[string][]byte{}
		}
		asked.Binary[name] = []byte(content)
	}
	for name, content := range asked.Binary {
		if err := files.WriteFile(name, content); err != nil {
			answers = append(answers, result{Error: err.Error()})
			return
		}
	}
	for _, dir := range asked.Dirs {
		answers = append(answers, build(files, dir))
	}
	return
}

func build(files filesys.FileSystem, dir string) (built result) {
	defer func() {
		if reason := recover(); reason != nil {
			built = result{Error: fmt.Sprintf("kustomize panicked: %v", reason)}
		}
	}()
	if refused := refusal(files, dir, map[string]bool{}); refused != "" {
		return result{Refused: refused}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	if err != nil {
		return result{Error: err.Error()}
	}
	built.Objects = []json.RawMessage{}
	for _, resource := range resources.Resources() {
		object, err := resource.MarshalJSON()
		if err != nil {
			return result{Error: err.Error()}
		}
		built.Objects = append(built.Objects, object)
	}
	return built
}

var remote = regexp.MustCompile(`^([a-z+]+://|git::|[^/]+@[^/]+:|(www\.)?(github\.com|gitlab\.com|bitbucket\.org)[/:])|[?&]ref=`)

// refusal names the first thing reachable from dir that is never done here, or is empty.
func refusal(files filesys.FileSystem, dir string, seen map[string]bool) string {
	if seen[dir] {
		return ""
	}
	seen[dir] = true
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := path.Join(dir, name)
		content, err := files.ReadFile(file)
		if err != nil {
			continue
		}
		var read struct {
			Resources, Components, Bases, Generators, Transformers, Validators []string
			HelmCharts                                                         []any
			HelmChartInflationGenerator                                        []any
		}
		// What cannot be read here is reported by Kustomize itself.
		if yaml.Unmarshal(content, &read) != nil {
			continue
		}
		if len(read.HelmCharts) > 0 || len(read.HelmChartInflationGenerator) > 0 {
			return "helmCharts in " + file
		}
		for _, list := range [][]string{read.Resources, read.Components, read.Bases, read.Generators, read.Transformers, read.Validators} {
			for _, entry := range list {
				target := path.Join(dir, entry)
				if files.Exists(target) {
					if refused := refusal(files, target, seen); refused != "" {
						return refused
					}
				} else if remote.MatchString(entry) {
					return fmt.Sprintf("the remote base %s in %s", entry, file)
				}
			}
		}
		for _, list := range [][]string{read.Generators, read.Transformers, read.Validators} {
			for _, entry := range list {
				content, err := files.ReadFile(path.Join(dir, entry))
				if err != nil {
					content = []byte(entry)
				}
				if name := function(string(content)); name != "" {
					return fmt.Sprintf("the %s function in %s", name, path.Join(dir, firstLine(entry)))
				}
			}
		}
	}
	return ""
}

func function(text string) string {
	if !strings.Contains(text, "config.kubernetes.io/function") {
		return ""
	}
	if strings.Contains(text, "exec:") {
		return "exec"
	}
	return "container"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func address(bytes []byte) uint32 {
	if len(bytes) == 0 {
		return 0
	}
	return uint32(uintptr(unsafe.Pointer(&bytes[0])))
}

func main() {}
