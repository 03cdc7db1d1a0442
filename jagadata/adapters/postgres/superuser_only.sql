-- What of this database only a superuser can restore, as (what, name). pg_shdepend does not count what the first superuser owns.
WITH own AS (
  SELECT 'pg_class'::regclass AS catalog, c.oid, c.relowner AS owner, c.relacl AS acl,
         CASE c.relkind WHEN 'S' THEN 'sekuens ' WHEN 'v' THEN 'view ' WHEN 'm' THEN 'view ' ELSE 'tabel ' END
           || n.nspname || '.' || c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, p.proowner, p.proacl, 'fungsi ' || n.nspname || '.' || p.proname
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT 'pg_namespace'::regclass, oid, nspowner, nspacl, 'skema ' || nspname FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND (nspname <> 'public' OR current_setting('server_version_num')::int >= 150000)
  UNION ALL
  SELECT 'pg_type'::regclass, t.oid, t.typowner, t.typacl, 'tipe ' || n.nspname || '.' || t.typname
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND t.typelem = 0
    AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    AND NOT EXISTS (SELECT FROM pg_range r WHERE r.rngmultitypid = t.oid)
  UNION ALL
  SELECT 'pg_largeobject'::regclass, oid, lomowner, lomacl, 'large object ' || oid FROM pg_largeobject_metadata
  UNION ALL
  SELECT 'pg_collation'::regclass, o.oid, o.collowner, NULL, 'kolasi ' || o.collname FROM pg_collation o WHERE o.oid > 16383
  UNION ALL
  SELECT 'pg_operator'::regclass, o.oid, o.oprowner, NULL, 'operator ' || o.oprname FROM pg_operator o WHERE o.oid > 16383
  UNION ALL
  SELECT 'pg_ts_config'::regclass, o.oid, o.cfgowner, NULL, 'konfigurasi pencarian ' || o.cfgname FROM pg_ts_config o WHERE o.oid > 16383
  UNION ALL
  SELECT 'pg_ts_dict'::regclass, o.oid, o.dictowner, NULL, 'kamus pencarian ' || o.dictname FROM pg_ts_dict o WHERE o.oid > 16383
  UNION ALL
  SELECT 'pg_statistic_ext'::regclass, o.oid, o.stxowner, NULL, 'statistik ' || o.stxname FROM pg_statistic_ext o
  UNION ALL
  SELECT 'pg_foreign_server'::regclass, o.oid, o.srvowner, o.srvacl, 'server asing ' || o.srvname FROM pg_foreign_server o
  UNION ALL
  SELECT 'pg_publication'::regclass, o.oid, o.pubowner, NULL, 'publikasi ' || o.pubname FROM pg_publication o
  UNION ALL
  SELECT 'pg_default_acl'::regclass, o.oid, o.defaclrole, NULL, 'hak bawaan (ALTER DEFAULT PRIVILEGES)' FROM pg_default_acl o
), mine AS (
  SELECT * FROM own o
  -- Not what comes with an extension, nor the constructors that come with a range type.
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.catalog AND d.objid = o.oid
                    AND (d.deptype = 'e' OR d.deptype = 'i' AND d.classid = 'pg_proc'::regclass))
)
SELECT 'ekstensi', e.extname FROM pg_extension e
LEFT JOIN pg_available_extension_versions v ON v.name = e.extname AND v.version = e.extversion
WHERE e.extname <> 'plpgsql' AND coalesce(v.superuser AND NOT v.trusted, true)
UNION
SELECT 'milik superuser', o.name FROM mine o JOIN pg_roles r ON r.oid = o.owner AND r.rolsuper
UNION
SELECT 'hak yang diberikan bukan oleh pemiliknya', o.name FROM mine o, aclexplode(o.acl) a WHERE a.grantor <> o.owner
UNION
SELECT 'hak yang diberikan bukan oleh pemiliknya', o.name
FROM mine o JOIN pg_attribute c ON o.catalog = 'pg_class'::regclass AND c.attrelid = o.oid, aclexplode(c.attacl) a
WHERE a.grantor <> o.owner
UNION
SELECT 'fungsi yang hanya boleh dibuat superuser', o.name
FROM mine o JOIN pg_proc p ON o.catalog = 'pg_proc'::regclass AND p.oid = o.oid JOIN pg_language l ON l.oid = p.prolang
WHERE p.proleakproof OR CASE
  WHEN p.prokind = 'a' THEN EXISTS (SELECT FROM pg_aggregate a WHERE a.aggfnoid = p.oid AND 'internal'::regtype IN (a.aggtranstype, a.aggmtranstype))
  ELSE l.lanname IN ('c', 'internal') OR NOT (l.lanpltrusted OR l.lanname = 'sql') END
UNION
SELECT 'event trigger', t.evtname FROM pg_event_trigger t
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION
SELECT 'foreign data wrapper', w.fdwname FROM pg_foreign_data_wrapper w
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_foreign_data_wrapper'::regclass AND d.objid = w.oid AND d.deptype = 'e')
UNION
SELECT 'publikasi semua tabel', pubname FROM pg_publication WHERE puballtables
ORDER BY 1, 2
LIMIT 20
