export MMS_SLOW=6; python3 -c "
import sys; sys.path.insert(0,'/root/tests/kernel')
import inject
i=inject.Injector()
try:
    i.__enter__()
except Exception as e:
    print('ENTER', e)
print(open('/sys/kernel/tracing/error_log').read())
i.__exit__()
"
timeout 1200 python3 tests/kernel/test_nomem.py; tests/stress/fuzzing 6000 3
