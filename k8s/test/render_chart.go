// Renders the chart without helm, with what helm renders charts with: Go's templates and Sprig's functions, from Debian
// packages. Usage: render_chart CHART RELEASE NAMESPACE [VALUES_FILE]; prints YAML documents.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

// What templates call as .Files.
type files struct{ chart string }

func (f files) Get(name string) string { return string(read(filepath.Join(f.chart, name))) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(name string) []byte {
	text, err := os.ReadFile(name)
	check(err)
	return text
}

func load(name string) map[string]interface{} {
	values := map[string]interface{}{}
	check(yaml.Unmarshal(read(name), &values))
	return values
}

// merge puts the user's values over the chart's.
func merge(into, over map[string]interface{}) {
	for key, value := range over {
		below, isMap := into[key].(map[string]interface{})
		above, alsoMap := value.(map[string]interface{})
		if isMap && alsoMap {
			merge(below, above)
		} else {
			into[key] = value
		}
	}
}

func toYaml(value interface{}) (string, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}

func main() {
	chart, release, namespace := os.Args[1], os.Args[2], os.Args[3]
	values := load(filepath.Join(chart, "values.yaml"))
	if len(os.Args) > 4 {
		merge(values, load(os.Args[4]))
	}
	about := load(filepath.Join(chart, "Chart.yaml"))
	data := map[string]interface{}{
		"Values":  values,
		"Chart":   map[string]interface{}{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
		"Release": map[string]interface{}{"Name": release, "Namespace": namespace, "Service": "Helm"},
		"Files":   files{chart},
	}

	all := template.New("chart").Option("missingkey=error").Funcs(sprig.TxtFuncMap())
	all.Funcs(template.FuncMap{
		"toYaml": toYaml,
		"include": func(name string, data interface{}) (string, error) {
			var text bytes.Buffer
			err := all.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
	})
	names, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	check(err)
	for _, name := range names {
		_, err := all.New(filepath.Base(name)).Parse(string(read(name)))
		check(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".yaml") {
			fmt.Println("---")
			check(all.ExecuteTemplate(os.Stdout, filepath.Base(name), data))
			fmt.Println()
		}
	}
}
