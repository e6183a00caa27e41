#ifndef TYPES_H_
#define TYPES_H_

typedef struct {
  int width, height;
} Shape;

#endif
