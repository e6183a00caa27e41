// A preload that does nothing: what any preload costs.
int filemon_bench_empty;
