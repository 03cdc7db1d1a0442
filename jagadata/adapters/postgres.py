"""Quick PostgreSQL adapter (scratch)."""
from __future__ import annotations
import contextlib, hashlib, os, subprocess, threading, time, json, ctypes
from dataclasses import dataclass
import psycopg
from psycopg import sql
from jagadata.errors import *
from jagadata.ports import *
@dataclass(frozen=True, kw_only=True)
class Login:
    user: str
    password: str
class PostgresServer:
    def __init__(self, name, *, address, port, maintenance_database, dump, restore, ca=None, tools=None, measure_free_space=None):
        self.__dict__.update(name=name,address=address,port=port,mdb=maintenance_database,logins={"dump":dump,"restore":restore},ca=ca,tools=tools,free=measure_free_space)
    def connect(self, db=None, login="restore", **kw):
        l=self.logins[login]
        try:
            return psycopg.connect(host=self.address,port=self.port,dbname=db or self.mdb,user=l.user,password=l.password,application_name="jagadata",autocommit=True,connect_timeout=10,keepalives=1,keepalives_idle=10,**kw)
        except psycopg.OperationalError as e: raise UnreachableError(f"Basis data {db} di {self.name}: {e}","Periksa.",transient=True) from e
    def tool(self,n): return str(self.tools/n) if self.tools else n
    def env(self,login):
        l=self.logins[login]; return {"PATH":os.environ.get("PATH",""),"LANG":"C.UTF-8","PGPASSWORD":l.password,"PGHOST":self.address,"PGPORT":str(self.port),"PGUSER":l.user,"PGAPPNAME":"jagadata"}
    def facts(self):
        with self.connect(login="dump") as c:
            v,=c.execute("show server_version").fetchone(); n,=c.execute("show server_version_num").fetchone(); s,=c.execute("select system_identifier from pg_control_system()").fetchone()
        t=subprocess.run([self.tool("pg_dump"),"--version"],capture_output=True,text=True).stdout.split()[2]
        return ServerFacts(version=v.split()[0],major=int(n)//10000,system_identifier=str(s),dump_tool=t)
    def database(self,name):
        with self.connect(login="dump") as c:
            r=c.execute("select oid,pg_database_size(oid),pg_get_userbyid(datdba) from pg_database where datname=%s",(name,)).fetchone()
            if not r: return None
            s=[f"{u}@{a}" for u,a in c.execute("select usename, coalesce(client_addr::text,'lokal') from pg_stat_activity where datname=%s and backend_type='client backend'",(name,))]
        return DatabaseFacts(name=name,oid=r[0],size=r[1],owner=r[2],sessions=s)
    def find_oid(self,oid):
        with self.connect() as c:
            r=c.execute("select datname from pg_database where oid=%s",(oid,)).fetchone()
        return r[0] if r else None
    def properties(self,name):
        with self.connect(login="dump") as c:
            r=c.execute("select pg_get_userbyid(datdba),pg_encoding_to_char(encoding),datlocprovider::text,datcollate,datctype,datconnlimit from pg_database where datname=%s",(name,)).fetchone()
        return DatabaseProperties(name=name,owner=r[0],encoding=r[1],locale_provider={"c":"libc","i":"icu","b":"builtin"}[r[2]],collate=r[3],ctype=r[4],connection_limit=r[5])
    def _rows(self,c):
        t=c.execute("select n.nspname,relname from pg_class c join pg_namespace n on n.oid=relnamespace where relkind='r' and nspname !~ '^pg_' and nspname<>'information_schema' order by 1,2").fetchall()
        return {f"{a}.{b}":c.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(a,b))).fetchone()[0] for a,b in t}
    def rows(self,name):
        with self.connect(name) as c: return self._rows(c)
    def check_dump(self,name): return []
    def check_restore(self,name,properties): return []
    def dump(self,name,sink,*,progress):
        with self.connect(name,"dump") as c:
            c.execute("begin isolation level repeatable read read only"); snap,=c.execute("select pg_export_snapshot()").fetchone()
            p=subprocess.Popen([self.tool("pg_dump"),"-Fc","--compress=zstd:3",f"--snapshot={snap}","-d",name],stdout=subprocess.PIPE,stderr=subprocess.PIPE,env=self.env("dump"))
            class R:
                def read(s,n=-1):
                    d=p.stdout.read(n if n>0 else 65536)
                    if not d and p.wait(): raise JagadataError("pg_dump gagal: "+p.stderr.read().decode()[-500:])
                    return d
            sink(R())
            rows=self._rows(c)
        return DumpResult(rows=rows,properties=self.properties(name),compressed=True,tool="pg_dump 17.10")
    def read_archive(self,source):
        p=subprocess.Popen([self.tool("pg_restore"),"-f","/dev/null","-v"],stdin=source,stderr=subprocess.PIPE,stdout=subprocess.DEVNULL)
        err=p.communicate()[1].decode()
        if p.returncode: raise DamagedError("arsip rusak: "+err[-300:])
        import re
        return [m.replace('"','') for m in re.findall(r'processing data for table "([^\n]*)"',err)]
    def create_side(self,side,properties):
        with self.connect() as c:
            c.execute(sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {} owner {}").format(sql.Identifier(side),properties.encoding,properties.collate,properties.ctype,sql.Identifier(properties.owner)))
        return self.database(side).oid
    def missing_roles(self,p): return []
    def restore(self,fd,side,*,jobs,progress=None):
        p=subprocess.run([self.tool("pg_restore"),"-j",str(jobs),"--exit-on-error","-d",side,f"/proc/self/fd/{fd}"],pass_fds=[fd],env=self.env("restore"),capture_output=True,text=True)
        if p.returncode: raise JagadataError("pg_restore gagal: "+p.stderr[-500:])
    def finish_side(self,side,properties):
        with self.connect(side) as c: c.execute("analyze")
    def end_sessions(self,name):
        with self.connect() as c: return len(c.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname=%s and pid<>pg_backend_pid()",(name,)).fetchall())
    def drop(self,name,*,oid):
        with self.connect() as c: c.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    @contextlib.contextmanager
    def exclusive(self,system,*,login="restore"):
        key=int.from_bytes(hashlib.sha256(("jagadata:"+system).encode()).digest()[:8],"big",signed=True)
        with self.connect(login=login) as c:
            if not c.execute("select pg_try_advisory_lock(%s)",(key,)).fetchone()[0]: raise BusyError("sibuk")
            yield _Swap(self,c)
    def free_space(self): return 10**12
class _Swap:
    def __init__(self,s,c): self.s,self.c=s,c
    def holds(self): return True
    def swap(self,renames,*,end_sessions,expect):
        t=time.monotonic()
        for n,o in expect.items():
            f=self.s.database(n)
            if (f.oid if f else None)!=o: raise RefusedError(f"oid {n} {f} {o}")
        self.c.execute("begin")
        try:
            for live,side,kept in renames:
                for a,b in ((live,kept),(side,live)):
                    if a==live and expect.get(live) is None: continue
                    for n in range(20):
                        if end_sessions: self.s.end_sessions(a)
                        try:
                            with self.c.transaction(): self.c.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(a),sql.Identifier(b)))
                            break
                        except psycopg.errors.ObjectInUse: time.sleep(0.2)
                    else: raise RefusedError("sesi")
            self.c.execute("commit")
        except BaseException: 
            self.c.execute("rollback"); raise
        return time.monotonic()-t
