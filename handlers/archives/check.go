package archives

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"portico/archive"
	"portico/handlers/web"
	"portico/store"
)

// check reads everything in the archive: each row has its columns, each object that a row names
// is in the archive or listed as missing, and each object in it is one that a row names.
func (r *opened) check() error {
	named := map[string]bool{}
	use := newUsage(r)
	for _, t := range r.tables {
		columns := r.columns[t.Name]
		err := r.Rows(t.Name, func(line []byte) error {
			values, err := archive.Fields(columns, line)
			if err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
			use.row(t.Name, columns, values)
			for _, o := range t.Objects {
				stored, ok, err := objectOf(o, columns, values)
				if err != nil || !ok {
					return err
				}
				if err := r.available(stored, named); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if int64(len(named)) != r.Manifest.Objects.Rows {
		return fmt.Errorf("%w: objects that no row names", archive.ErrExtra)
	}
	return r.CheckObjects()
}

// available refuses an object of a row that the archive neither has nor lists as missing.
func (r *opened) available(o store.StoredObject, named map[string]bool) error {
	size, has := r.Has(o.SHA256)
	switch {
	case has && size == o.Size:
		named[o.SHA256] = true
	case has || !r.IsMissing(o.SHA256):
		return fmt.Errorf("%w: the bytes of %s/%s", archive.ErrChanged, o.Kind, o.ID)
	}
	return nil
}

// objectOf returns what a row has in object storage, if it has.
func objectOf(o store.TableObject, columns []string, values []json.RawMessage) (store.StoredObject, bool, error) {
	stored := store.StoredObject{Kind: o.Kind}
	var id, sum *string
	var size *int64
	for column, to := range map[string]any{o.ID: &id, o.Size: &size, o.SHA256: &sum} {
		i := slices.Index(columns, column)
		if i < 0 {
			return stored, false, fmt.Errorf("%w: no column %s", archive.ErrFormat, column)
		}
		if err := json.Unmarshal(values[i], to); err != nil {
			return stored, false, fmt.Errorf("%w: a value of %s", archive.ErrChanged, column)
		}
	}
	if sum == nil {
		return stored, false, nil
	}
	hexadecimal, ok := strings.CutPrefix(*sum, `\x`)
	if !ok || id == nil || size == nil {
		return stored, false, fmt.Errorf("%w: an object without id, size or SHA-256", archive.ErrChanged)
	}
	parsed, ok := web.ParseID(*id)
	if !ok {
		return stored, false, fmt.Errorf("%w: an id of an object", archive.ErrChanged)
	}
	stored.ID, stored.Size, stored.SHA256 = parsed, *size, hexadecimal
	return stored, true, nil
}

// eachObject passes what the rows have in object storage to each.
func (r *opened) eachObject(each func(store.StoredObject) error) error {
	for _, t := range r.tables {
		if len(t.Objects) == 0 {
			continue
		}
		err := r.Rows(t.Name, func(line []byte) error {
			values, err := archive.Fields(r.columns[t.Name], line)
			if err != nil {
				return err
			}
			for _, o := range t.Objects {
				if stored, ok, err := objectOf(o, r.columns[t.Name], values); err != nil {
					return err
				} else if ok {
					if err := each(stored); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// usage counts what the rows use of the plan, as store.Plans limits it: what is in the bin,
// or inside of something that is, doesn't count.
type usage struct {
	r      *opened
	binned map[string]bool // ids, as in the rows
}

func newUsage(r *opened) *usage { return &usage{r: r, binned: map[string]bool{}} }

func (u *usage) row(table string, columns []string, values []json.RawMessage) {
	value := func(column string) string {
		if i := slices.Index(columns, column); i >= 0 {
			return string(values[i])
		}
		return "null"
	}
	within := map[string]string{"projects": "", "deliverables": "project_id", "versions": "deliverable_id", "files": "version_id"}
	parent, counts := within[table]
	if !counts {
		return
	}
	binned := value("deleted_at") != "null" || u.binned[value(parent)]
	switch {
	case binned:
		u.binned[value("id")] = true
	case table == "projects":
		u.r.needs[store.Projects]++
	case table == "files":
		var size int64
		if json.Unmarshal([]byte(value("size")), &size) == nil {
			u.r.needs[store.Storage] += size
		}
	}
}
