#include "geometry.h"

int Total(const Shape* shapes, int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) total += Area(shapes[i]);
  return total;
}
