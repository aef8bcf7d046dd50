"""REDCap: data dictionaries (CSV, XLSX), instrument archives and project XML in, data dictionaries out."""
