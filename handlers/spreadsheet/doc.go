// Package spreadsheet reads lists as spreadsheets and address books export them, and
// writes tables that no spreadsheet takes for formulas.
package spreadsheet
